use crate::api::Answer;
use crate::json::{self, Members};
use crate::refusal::{ApiError, Kind, Known, ManagementApi, Refusal};

static API: ManagementApi = ManagementApi {
    name: "Cert Spotter",
    base: "CERTSPOTTER_API_BASE",
    by_status: &[(401, Kind::KeyRefused), (403, Kind::KeyRefused), (404, Kind::NotFound)],
    known: &[
        Known {
            kind: Kind::KeyRefused,
            codes: &[],
            problem: "Cert Spotter refuses the API key",
            advice: "take it from the account's page of API credentials",
        },
        Known {
            kind: Kind::RateLimited,
            codes: &["rate_limited"],
            problem: "too many queries with this API key",
            advice: "wait an hour; an account without a subscription has 100 queries an hour",
        },
    ],
};

/// The meaning of an answer other than a success, whose body is `{code, message}` ("CT Search API", "Errors").
pub(super) fn refusal(answer: &Answer<'_>) -> Refusal {
    let error = json::borrowed_object(answer.body).ok().and_then(Members::of).and_then(|members| {
        let code = members.text("code")?;
        Some(ApiError { code, message: members.text("message") })
    });
    API.refusal(answer, &Vec::from_iter(error))
}

/// The meaning of an answer that is not from the API.
pub(super) fn unreadable(answer: &Answer<'_>) -> Refusal {
    API.unreadable(answer)
}
