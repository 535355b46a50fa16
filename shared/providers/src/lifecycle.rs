/// The certificate that an event is about, and where in the certificate's lifecycle the event is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lifecycle {
    /// `digicert/certificate/ID`, `cloudflare/zone/ID/hostname/NAME`, `cloudflare/certificate/ID`,
    /// `digicert/order/ID` where CertCentral names an order only, or `ct/certificate/TBS-SHA256`.
    pub certificate: String,
    /// Rises along the lifecycle. `None` where nothing gives the order of the events; none of them
    /// is stale then.
    pub rank: Option<i64>,
}
