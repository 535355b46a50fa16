use crate::api::Answer;
use crate::cloudflare::api::{KEY_ERRORS, errors};
use crate::refusal::{Kind, Known, ManagementApi, Refusal};

static API: ManagementApi = ManagementApi {
    name: "Cloudflare",
    base: "CLOUDFLARE_API_BASE",
    by_status: &[(401, Kind::KeyRefused), (403, Kind::KeyRefused), (404, Kind::NotFound)],
    known: &[
        Known {
            kind: Kind::KeyRefused,
            codes: KEY_ERRORS,
            problem: "Cloudflare refuses the API token",
            advice: "it must be valid, and have the permission Account, Notifications, Edit (Read \
                     is enough to list) for this account",
        },
        Known {
            kind: Kind::NotFound,
            codes: &[],
            problem: "Cloudflare does not find this",
            advice: "check that the id and the account id are right",
        },
        Known {
            kind: Kind::RateLimited,
            codes: &[],
            problem: "too many requests with this API token",
            advice: "wait five minutes",
        },
    ],
};

/// The meaning of an answer other than a success.
pub(in crate::cloudflare) fn refusal(answer: &Answer<'_>) -> Refusal {
    API.refusal(answer, &errors(answer.body))
}

/// The meaning of an answer that is not from the API.
pub(in crate::cloudflare) fn unreadable(answer: &Answer<'_>) -> Refusal {
    API.unreadable(answer)
}
