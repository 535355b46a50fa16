//! A state folder is simulated or real from its first start on, so that invented events never mix
//! with those of real certificates.

use std::path::Path;

use ports::{PortError, PortResult};

use crate::files::write_atomically;
use crate::schema;

/// A file of every simulated folder. Its name is for people who look into the folder. The database knows too: somebody
/// may delete the file.
pub(crate) const MARK: &str = "simulated";
const TEXT: &[u8] =
    b"The providers of this state folder are simulated: nothing in its events is real.\n";

/// Whether a state folder was first started with simulated providers.
pub fn is_simulated(folder: &Path) -> bool {
    folder.join(MARK).exists()
}

/// Checks that the folder is what is asked for, and marks a new one. A folder with a database and no
/// mark is a real one.
pub(crate) fn check(folder: &Path, simulated: bool) -> PortResult<()> {
    let file = folder.join(schema::FILE);
    let is_new = !file.exists();
    let name = folder.display();
    let was_simulated = is_simulated(folder) || schema::is_simulated(&file);
    match (was_simulated, simulated) {
        (true, true) | (false, false) => Ok(()),
        (false, true) if is_new => {
            let mark = folder.join(MARK);
            write_atomically(&mark.with_extension("new"), &mark, TEXT)
        }
        (false, true) => Err(PortError(format!(
            "{name} is a real state folder, and is never simulated: choose another folder with --state, \
             such as .certhooks-demo, or start without --simulate and --samples"
        ))),
        (true, false) => Err(PortError(format!(
            "{name} is a simulated state folder, and never serves real providers: choose another folder \
             with --state, or start with --simulate"
        ))),
    }
}
