use envelope::{Check, Code};
use providers::enrich::Confirmation;

/// What the provider's own record says of the leaf that is delivered: the check `confirmed`. `leaf` and
/// `included` are SHA-256: of what is delivered, and of the leaf that came with the event.
pub(crate) fn confirmed(
    confirmation: Confirmation,
    leaf: Option<&str>,
    included: Option<&str>,
) -> Check {
    match (confirmation, included) {
        (Confirmation::NotAsked, _) => Check::not_applicable(
            Code::NotAsked,
            "the provider was not asked for this certificate, or gives none",
        ),
        (Confirmation::Recorded, _) if leaf.is_none() => Check::unknown(
            Code::NoLeaf,
            "the provider's API gives certificates of CAs only for the id, or its leaf cannot be read",
        ),
        (Confirmation::Recorded, Some(included)) if leaf != Some(included) => Check::failed(
            Code::Differs,
            format!(
                "the event came with another certificate (SHA-256 {included}); this is the provider's"
            ),
        ),
        (Confirmation::Recorded, _) => {
            Check::ok("the provider's API gives this certificate for the id")
        }
        (Confirmation::NotFound, _) => Check::failed(
            Code::NotFound,
            "the provider's API does not know the certificate with which the event came",
        ),
        (Confirmation::NotAnswered, _) => Check::unknown(
            Code::NotAnswered,
            "the provider's API gave no answer by which the certificate could be confirmed",
        ),
    }
}
