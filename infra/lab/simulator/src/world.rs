use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::watch;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::cloudflare::Alerting;
use crate::courier::Courier;
use crate::digicert::Account;
use crate::faults::Faults;
use crate::fifo::Fifo;
use crate::meta::{App, Observed};
use crate::requests::Requests;
use crate::settings::Settings;

const HOSTNAMES: usize = 10_000;
const OBSERVED: usize = 4096;

/// What the handlers share.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) settings: Settings,
    pub(crate) authority: Authority,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) clock: Clock,
    pub(crate) courier: Courier,
    pub(crate) certcentral: Account,
    pub(crate) alerting: Alerting,
    pub(crate) app: App,
    /// Graph ids that `/certificates` gave out, so that they can be asked for one by one.
    pub(crate) observed: Mutex<Fifo<u64, Observed>>,
    hostnames: Mutex<BTreeMap<String, String>>,
    delay_millis: AtomicU64,
    running: watch::Receiver<()>,
}

impl World {
    pub(crate) fn new(
        address: SocketAddr,
        settings: Settings,
        running: watch::Receiver<()>,
    ) -> Result<Arc<Self>> {
        let world = Self {
            address,
            authority: Authority::new()?,
            faults: Faults::default(),
            requests: Requests::new(),
            clock: Clock::default(),
            courier: Courier::new(settings.delivery_timeout, running.clone())?,
            certcentral: Account::default(),
            alerting: Alerting::default(),
            app: App::new(settings.subscribed_domains.clone()),
            observed: Mutex::new(Fifo::new(OBSERVED)),
            hostnames: Mutex::default(),
            delay_millis: AtomicU64::new(0),
            running,
            settings,
        };
        world.delay_by(world.settings.delay);
        world.name_hostnames(&world.settings.hostnames)?;
        Ok(Arc::new(world))
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_millis.load(Ordering::Relaxed))
    }

    pub(crate) fn delay_by(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay_millis.store(millis, Ordering::Relaxed);
    }

    /// Cloudflare: which custom hostname ids stand for which hostnames.
    pub(crate) fn name_hostnames(&self, named: &BTreeMap<String, String>) -> Result<()> {
        let mut hostnames = self.hostnames.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, hostname) in named {
            if !is_hostname(hostname) {
                bail!("the hostname for custom hostname id {id:?} is no DNS name: {hostname:?}");
            }
            if hostnames.len() >= HOSTNAMES && !hostnames.contains_key(id) {
                bail!("no room for a hostname for {id:?}: {HOSTNAMES} are remembered already");
            }
            hostnames.insert(id.clone(), hostname.to_ascii_lowercase());
        }
        Ok(())
    }

    pub(crate) fn hostname(&self, id: &str) -> Option<String> {
        self.hostnames.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Ready when the simulator stops.
    pub(crate) async fn stopped(&self) {
        // Nothing is ever sent: this returns, with an error, when the sender is gone.
        let _ = self.running.clone().changed().await;
    }
}

/// A DNS name in ASCII with at least one dot; a wildcard label may come first.
pub(crate) fn is_hostname(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(plain)
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_hostname;

    #[test]
    fn hostnames_are_ascii_labels_and_dots() {
        for name in ["a.example", "*.a.example", "xn--80ak6aa92e.com", "_dmarc.a.example"] {
            assert!(is_hostname(name), "{name}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for name in
            ["", "example", "a..b", ".a.b", "a.b.", "a b.c", "ä.de", "a.*.b", "a/b.c", &long]
        {
            assert!(!is_hostname(name), "{name}");
        }
    }
}
