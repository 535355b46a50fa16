use crate::api::Answer;
use crate::digicert::api::{INVALID_KEY, errors};
use crate::refusal::{Kind, Known, ManagementApi, Refusal};

/// CertCentral's codes that decide what a caller does next.
pub const ENDPOINT_ERROR: &str = "webhook_endpoint_error";
pub const INVALID_ACTION: &str = "webhook_invalid_action";
pub const INVALID_TOKEN: &str = "webhook_invalid_token";
pub const NO_SUCH_ROUTE: &str = "not_found|route";
pub const NO_SUCH_WEBHOOK: &str = "not_found|webhook";
pub const NO_WEBHOOK_IN_ACCOUNT: &str = "webhook_invalid_account";

const fn documented(
    code: &'static [&'static str],
    problem: &'static str,
    advice: &'static str,
) -> Known {
    Known { kind: Kind::Documented, codes: code, problem, advice }
}

/// The error tables of the pages of the calls, and "Errors".
static API: ManagementApi = ManagementApi {
    name: "CertCentral",
    base: "the base URL",
    by_status: &[(401, Kind::KeyRefused)],
    known: &[
        documented(
            &["webhook_invalid_endpoint"],
            "CertCentral does not accept the endpoint",
            "it must be a public address that begins with https://",
        ),
        documented(
            &["webhook_configured_already"],
            "the account already has a webhook, and can have only one",
            "show it with `list`, change it with `update`",
        ),
        documented(
            &[ENDPOINT_ERROR],
            "the endpoint did not answer CertCentral with 2xx within 10 s",
            "check that it is running, that its name resolves, that its certificate is valid, that \
             216.168.240.0/20 may reach it, and that it has this secret",
        ),
        Known {
            kind: Kind::NotFound,
            ..documented(
                &[NO_WEBHOOK_IN_ACCOUNT],
                "the account has no webhook",
                "create one with `create`",
            )
        },
        documented(
            &[INVALID_TOKEN],
            "the token is wrong, or older than 30 minutes",
            "request a new one with `challenge --send`",
        ),
        documented(
            &[INVALID_ACTION],
            "the webhook's status does not allow this",
            "complete the challenge first, with `challenge --send` and then `verify`",
        ),
        documented(&[NO_SUCH_WEBHOOK], "no webhook has this id", "find the id with `list`"),
        documented(
            &[NO_SUCH_ROUTE],
            "CertCentral has no such address",
            "check that the base URL is right",
        ),
        Known {
            kind: Kind::KeyRefused,
            ..documented(
                &[INVALID_KEY],
                "CertCentral does not know the API key",
                "use a valid one from Automation > API Keys, and check that the base URL is that of \
                 its account (US, or EU with --eu)",
            )
        },
        Known {
            kind: Kind::Forbidden,
            ..documented(
                &["missing_permission"],
                "the API key has no permission for this",
                "webhooks need an administrator's key that is not restricted to view only or to \
                 orders; ask DigiCert whether webhooks are enabled for the account",
            )
        },
        Known {
            kind: Kind::RateLimited,
            ..documented(
                &["request_limit_exceeded"],
                "too many requests with this API key",
                "wait some minutes",
            )
        },
    ],
};

/// The meaning of an answer other than a success.
pub(in crate::digicert) fn refusal(answer: &Answer<'_>) -> Refusal {
    API.refusal(answer, &errors(answer.body))
}

/// The meaning of an answer that is not from the API.
pub(in crate::digicert) fn unreadable(answer: &Answer<'_>) -> Refusal {
    API.unreadable(answer)
}

/// For an account without a webhook, or without the one that was asked for.
pub fn no_webhook(id: Option<u64>) -> Refusal {
    API.documented(if id.is_some() { NO_SUCH_WEBHOOK } else { NO_WEBHOOK_IN_ACCOUNT })
}

/// For a webhook that cannot be activated, since it is not verified.
pub fn not_verified() -> Refusal {
    API.documented(INVALID_ACTION)
}
