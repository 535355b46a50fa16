use clap::Args;
use time::OffsetDateTime;

use crate::args::EventFilter;
use crate::time_parsing::parse_time;

/// Archived events; they must meet every condition that is given.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filter {
    #[command(flatten)]
    pub(crate) kinds: EventFilter,
    /// Event id to select; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
    /// CertCentral order to select; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) order: Vec<u64>,
    /// Hostname or domain to select; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Vec<String>,
    /// Select events received at or after this age or time: 90m, 24h, 7d, 2026-11-01 or
    /// 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<OffsetDateTime>,
    /// Select events received before this age or time, in the same forms
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<OffsetDateTime>,
}

impl Filter {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { kinds, id, order, hostname, since, until } = self;
        kinds.is_empty()
            && id.is_empty()
            && order.is_empty()
            && hostname.is_empty()
            && since.is_none()
            && until.is_none()
    }
}
