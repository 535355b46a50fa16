use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::installation::Read;
use crate::output::{Output, complain};

/// Interval between progress lines.
const INTERVAL: Duration = Duration::from_secs(5);

/// Says on standard error how far the reading of a ledger is where that takes long, and in the end what DynamoDB counts
/// it as.
pub(crate) struct Reading {
    output: Output,
    last: Mutex<(Instant, Read)>,
}

impl Reading {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, last: Mutex::new((Instant::now(), Read::default())) }
    }

    pub(crate) fn on_page(&self, read: Read) {
        // Nothing panics while it is locked.
        let Ok(mut last) = self.last.lock() else { return };
        last.1 = read;
        if last.0.elapsed() >= INTERVAL {
            last.0 = Instant::now();
            self.say(read, " so far");
        }
    }

    /// Says what a stack's ledger cost.
    pub(crate) fn end(&self) {
        let Ok(last) = self.last.lock() else { return };
        if last.1.units.is_some() {
            self.say(last.1, "");
        }
    }

    fn say(&self, Read { items, units }: Read, when: &str) {
        if self.output.json {
            return complain!("{}", json!({ "read_items": items, "read_units": units }));
        }
        let units = units.map_or_else(String::new, |units| format!(", {units} read units"));
        complain!("certhooks: {items} items of the ledger read{when}{units}");
    }
}
