use envelope::Check;
use providers::enrich::Confirmation;

/// Code of a certificate that the provider's API does not know.
pub(crate) const NOT_FOUND: &str = "not_found";

/// What the provider's own record says of the leaf that is delivered: the check `confirmed`. `leaf` and
/// `included` are SHA-256: of what is delivered, and of the leaf that came with the event.
pub(crate) fn confirmed(
    confirmation: Confirmation,
    leaf: Option<&str>,
    included: Option<&str>,
) -> Check {
    match (confirmation, included) {
        (Confirmation::NotAsked, _) => Check::not_applicable(
            "not_asked",
            "the provider was not asked for this certificate, or gives none",
        ),
        (Confirmation::Recorded, _) if leaf.is_none() => Check::unknown(
            "no_leaf",
            "the provider's API gives certificates of CAs only for the id, or its leaf cannot be read",
        ),
        (Confirmation::Recorded, Some(included)) if leaf != Some(included) => Check::failed(
            "differs",
            format!(
                "the event came with another certificate (SHA-256 {included}); this is the provider's"
            ),
        ),
        (Confirmation::Recorded, _) => {
            Check::ok("the provider's API gives this certificate for the id")
        }
        (Confirmation::NotFound, _) => Check::failed(
            NOT_FOUND,
            "the provider's API does not know the certificate with which the event came",
        ),
        (Confirmation::NotAnswered, _) => Check::unknown(
            "not_answered",
            "the provider's API gave no answer by which the certificate could be confirmed",
        ),
    }
}
