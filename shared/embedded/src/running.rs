use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use ports::PortResult;
use serde_json::{Value, json};

use crate::errors::io_error;
use crate::files::write_atomically;

const FILE: &str = "running.json";

/// Where the `certhooks local` of a state folder listens. After a crash it is what the last one said; the lock
/// of the folder says whether one runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Running {
    pub pid: u32,
    pub webhooks: SocketAddr,
    pub admin: SocketAddr,
}

impl Running {
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> PortResult<()> {
        let Self { pid, webhooks, admin } = self;
        let content =
            json!({ "pid": pid, "webhooks": webhooks.to_string(), "admin": admin.to_string() });
        let temporary = folder.join(format!("{FILE}.new"));
        write_atomically(&temporary, &folder.join(FILE), format!("{content}\n").as_bytes())
    }

    /// `None` where none says that it runs.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = fs::read(folder.join(FILE)).ok()?;
        let content: Value = serde_json::from_slice(&text).ok()?;
        let address = |name: &str| content[name].as_str()?.parse().ok();
        let pid = content["pid"].as_u64()?.try_into().ok()?;
        Some(Self { pid, webhooks: address("webhooks")?, admin: address("admin")? })
    }

    /// # Errors
    /// The file is there and cannot be removed.
    pub fn remove(folder: &Path) -> PortResult<()> {
        let path = folder.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("cannot remove", &path, &error))
            }
            _ => Ok(()),
        }
    }
}
