//! Signatures of Standard Webhooks (<https://github.com/standard-webhooks/standard-webhooks>, "Signature
//! scheme").

use std::path::Path;

use boot::{Environment, SettingError};
use data_encoding::{BASE64, BASE64_NOPAD};
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::credentials::local_secrets;
use crate::error::{CommandError, CommandResult};
use crate::output::{Output, complain};

/// The variable with the signing secret, which goes before that of `secrets.json`.
pub(crate) const VARIABLE: &str = "CERTHOOKS_FORWARD_SECRET";

const PREFIX: &str = "whsec_";
/// The length of a secret in bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// The keys of a consumer: one or, during a rotation, several.
pub(crate) struct Signer(Vec<hmac::Key>);

impl Signer {
    /// The keys of the variable, else of the consumer's member in `secrets.json`, which is made if there is
    /// none.
    ///
    /// # Errors
    /// The secret is malformed, or the file cannot be used. The error names the origin and quotes nothing.
    pub(crate) fn open(
        consumer: &str,
        folder: &Path,
        environment: &Environment,
        output: Output,
    ) -> CommandResult<Self> {
        if let Some(value) = environment.optional(VARIABLE) {
            return Self::parse(value)
                .map_err(|problem| SettingError::new(VARIABLE, problem).into());
        }
        let secret = local_secrets(folder, environment).signing_secret(consumer)?;
        let (file, member) = (folder.join("secrets.json"), &secret.member);
        if secret.is_new {
            let text = format!(
                "made a signing secret for {consumer}: the member `{member}` of {}",
                file.display()
            );
            match output.json {
                true => complain!("{}", json!({ "message": text, "member": member })),
                false => complain!("certhooks: {text}"),
            }
        }
        Self::parse(secret.value.expose_secret()).map_err(|problem| {
            CommandError::usage(format!("`{member}` in {}: {problem}", file.display()))
        })
    }

    /// The keys of a list that is separated by blanks.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let keys: Option<Vec<_>> = list.split_ascii_whitespace().map(key).collect();
        keys.filter(|keys| !keys.is_empty()).map(Self).ok_or_else(|| {
            format!(
                "must be `{PREFIX}` and {} to {} bytes in Base64, or several of these separated by blanks; \
                 make one with: echo \"{PREFIX}$(openssl rand -base64 32)\"",
                LENGTH.start(),
                LENGTH.end()
            )
        })
    }

    /// The value of `webhook-signature`.
    ///
    /// An id of Certhooks may hold a full stop (`ID/replay/RUN`), at which the signed text could be split in
    /// another way. What then is the body begins with a number, and so is no JSON object.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let signature =
            |key| format!("v1,{}", BASE64.encode(hmac::sign(key, signed.as_bytes()).as_ref()));
        self.0.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

/// The padding may be missing, as some programs write it.
fn key(secret: &str) -> Option<hmac::Key> {
    let text = secret.strip_prefix(PREFIX)?.trim_end_matches('=');
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).ok()?;
    LENGTH.contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::Signer;

    /// The example of the reference implementations.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn a_signature_is_that_of_the_reference_implementations() {
        let (id, body) = (
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            r#"{"email":"test@example.com","username":"test_user"}"#,
        );
        let signature = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
        let one = Signer::parse(SECRET).ok().unwrap();
        assert_eq!(one.sign(id, 1_649_367_553, body), signature);
        let other = format!("whsec_{}", "A".repeat(32));
        let both = Signer::parse(&format!("{SECRET}  {other}")).ok().unwrap();
        let signed = both.sign(id, 1_649_367_553, body);
        let (first, second) = signed.split_once(' ').unwrap();
        assert_eq!(first, signature);
        assert!(second.starts_with("v1,") && second != signature, "{second}");
    }

    #[test]
    fn a_secret_has_the_prefix_and_24_to_64_bytes() {
        let of_length =
            |bytes: usize| format!("whsec_{}", data_encoding::BASE64.encode(&vec![7; bytes]));
        for (secret, is_usable) in [
            (of_length(24), true),
            (of_length(64), true),
            (of_length(32).trim_end_matches('=').to_owned(), true),
            (of_length(23), false),
            (of_length(65), false),
            (SECRET.replace("whsec_", ""), false),
            (SECRET.replace('+', "*"), false),
            (format!("{SECRET} whsec_"), false),
            ("whsk_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned(), false),
            (String::new(), false),
        ] {
            let parsed = Signer::parse(&secret);
            assert_eq!(parsed.is_ok(), is_usable, "{secret}");
            if let Err(problem) = parsed {
                assert!(secret.is_empty() || !problem.contains(&secret), "{problem}");
            }
        }
    }
}
