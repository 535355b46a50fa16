use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use embedded::{LocalSecret, LocalSecrets, Options, State};
use envelope::Provider;
use ports::{SecretSource, SecretVersions};
use providers::profile;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::open;
use crate::test_folder::TestFolder;

fn file(folder: &TestFolder) -> PathBuf {
    folder.path().join("secrets.json")
}

fn write(folder: &TestFolder, content: &str) {
    use std::io::Write;
    fs::create_dir_all(folder.path()).unwrap();
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(file(folder)).unwrap().write_all(content.as_bytes()).unwrap();
}

fn content(folder: &TestFolder) -> BTreeMap<String, String> {
    serde_json::from_slice(&fs::read(file(folder)).unwrap()).unwrap()
}

fn json_of(secret: Option<&SecretString>) -> Value {
    let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    secret.map_or(Value::Null, |secret| read(secret.expose_secret()))
}

fn without_variables(folder: &TestFolder) -> LocalSecrets {
    LocalSecrets::new(folder.path(), |_| None)
}

async fn all(secret: &LocalSecret) -> SecretVersions {
    secret.all().await.unwrap()
}

#[tokio::test]
async fn the_first_start_generates_random_secrets() {
    let (one, two) = (TestFolder::new(), TestFolder::new());
    let secrets = open(&one).secrets(|_| None);
    drop(open(&two));
    let members = content(&one);
    let expected = profile::ALL.iter().flat_map(|row| row.webhook_secret);
    let mut expected: Vec<_> = expected.map(|member| member.name).chain(["version_salt"]).collect();
    expected.sort_unstable();
    assert_eq!(members.keys().collect::<Vec<_>>(), expected);
    assert!(members.values().all(|value| value.len() >= 32));
    assert!(content(&two).iter().all(|(name, value)| members[name] != *value));
    let digicert = all(&secrets.webhook(Provider::DIGICERT)).await;
    assert_eq!(json_of(digicert.current.as_ref()), json!(members["digicert_webhook_key"]));
    let cloudflare = all(&secrets.webhook(Provider::CLOUDFLARE)).await;
    assert_eq!(json_of(cloudflare.current.as_ref()), json!(members["cloudflare_webhook_auth"]));
    let meta = secrets.webhook(Provider::META).current().await.unwrap();
    assert_eq!(
        json_of(meta.current.as_ref()),
        json!({"app_secret": members["meta_app_secret"], "verify_token": members["meta_verify_token"]})
    );
    for provider in Provider::ALL {
        assert!(all(&secrets.api(*provider)).await.current.is_none());
    }
    drop(open(&one));
    assert_eq!(content(&one), members, "the second start changes nothing");
}

#[tokio::test]
async fn missing_secrets_are_added_to_an_existing_file() {
    let folder = TestFolder::new();
    write(&folder, r#"{"digicert_api_key": "mine", "digicert_webhook_key": "also-mine"}"#);
    let secrets = open(&folder).secrets(|_| None);
    let members = content(&folder);
    // The API key, the salt, and each member of a webhook secret.
    let webhook = profile::ALL.iter().flat_map(|row| row.webhook_secret).count();
    assert_eq!(members.len(), 2 + webhook);
    assert_eq!(
        (&*members["digicert_api_key"], &*members["digicert_webhook_key"]),
        ("mine", "also-mine")
    );
    let api = all(&secrets.api(Provider::DIGICERT)).await;
    assert_eq!(json_of(api.current.as_ref()), json!("mine"));
    assert_eq!(fs::metadata(file(&folder)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn variables_override_the_file() {
    let folder = TestFolder::new();
    write(
        &folder,
        r#"{"digicert_webhook_key": "f", "digicert_webhook_key_pending": "p", "meta_app_secret": "f",
            "meta_verify_token": "f", "meta_verify_token_previous": "q"}"#,
    );
    let secrets = LocalSecrets::new(folder.path(), |name| match name {
        "DIGICERT_WEBHOOK_KEY" | "META_APP_SECRET" | "META_ACCESS_TOKEN" => {
            Some(format!("of {name}"))
        }
        "CLOUDFLARE_WEBHOOK_AUTH" => Some(String::new()),
        _ => None,
    });
    let digicert = all(&secrets.webhook(Provider::DIGICERT)).await;
    assert_eq!(json_of(digicert.current.as_ref()), json!("of DIGICERT_WEBHOOK_KEY"));
    assert!(digicert.pending.is_none() && digicert.current_created.is_none());
    let meta = all(&secrets.webhook(Provider::META)).await;
    assert_eq!(
        json_of(meta.current.as_ref()),
        json!({"app_secret": "of META_APP_SECRET", "verify_token": "f"})
    );
    assert_eq!(
        json_of(meta.previous.as_ref()),
        json!({"app_secret": "of META_APP_SECRET", "verify_token": "q"})
    );
    let api = all(&secrets.api(Provider::META)).await;
    assert_eq!(json_of(api.current.as_ref()), json!("of META_ACCESS_TOKEN"));
    let error = secrets.webhook(Provider::CLOUDFLARE).all().await.unwrap_err();
    assert!(error.0.contains("secrets.json has no `cloudflare_webhook_auth`"), "{error}");
}

#[tokio::test]
async fn an_edited_file_takes_effect_at_once() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let secret = state.secrets(|_| None).webhook(Provider::CLOUDFLARE);
    assert!(all(&secret).await.pending.is_none());
    write(
        &folder,
        r#"{"cloudflare_webhook_auth": "new", "cloudflare_webhook_auth_previous": "old",
            "cloudflare_webhook_auth_pending": "next",
            "cloudflare_webhook_auth_rotated": "2026-11-22T10:00:00Z"}"#,
    );
    let versions = all(&secret).await;
    assert_eq!(json_of(versions.current.as_ref()), json!("new"));
    assert_eq!(json_of(versions.previous.as_ref()), json!("old"));
    assert_eq!(json_of(versions.pending.as_ref()), json!("next"));
    assert_eq!(versions.current_created, Some(datetime!(2026-11-22 10:00 UTC)));
}

#[tokio::test]
async fn the_error_of_an_invalid_file_names_the_cause_and_quotes_no_value() {
    let folder = TestFolder::new();
    for (content, expected) in [
        ("", "not JSON at line 1"),
        ("{\"digicert_webhook_key\": \"sesame", "not JSON at line 1"),
        ("\"sesame\"", "must hold a JSON object"),
        ("[\"sesame\"]", "must hold a JSON object"),
        ("{\"digicert_webhook\": \"sesame\"}", "unknown member `digicert_webhook`"),
        ("{\"digicert_api_key_pending\": \"sesame\"}", "unknown member `digicert_api_key_pending`"),
        ("{\"digicert_webhook_key\": [\"sesame\"]}", "`digicert_webhook_key` must be a string"),
        ("{\"digicert_webhook_key\": \"\"}", "`digicert_webhook_key` is empty"),
        (
            "{\"digicert_webhook_key_rotated\": \"soon\"}",
            "`digicert_webhook_key_rotated` is no time",
        ),
        (
            "{\"digicert_webhook_key\": \"sesame\", \"digicert_webhook_key\": \"sesame\"}",
            "a member occurs twice",
        ),
    ] {
        write(&folder, content);
        let read = without_variables(&folder).webhook(Provider::DIGICERT).all().await;
        let opened = State::open(folder.path(), Options::default());
        for error in [read.unwrap_err(), opened.err().unwrap()] {
            assert!(
                error.0.contains("secrets.json") && error.0.contains(expected),
                "{content}: {error}"
            );
            assert!(!error.0.contains("sesame"), "{error}");
        }
        assert_eq!(fs::read_to_string(file(&folder)).unwrap(), content, "the file is unchanged");
    }
}

#[tokio::test]
async fn a_file_accessible_to_other_users_is_refused() {
    let folder = TestFolder::new();
    drop(open(&folder));
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(file(&folder), Permissions::from_mode(mode)).unwrap();
        let read = without_variables(&folder).webhook(Provider::META).current().await;
        let opened = State::open(folder.path(), Options::default());
        for error in [read.unwrap_err(), opened.err().unwrap()] {
            assert!(error.0.contains(&format!("(mode {mode:03o}): run `chmod 600 ")), "{error}");
        }
    }
}

#[tokio::test]
async fn the_error_of_a_missing_file_says_how_to_create_it() {
    let folder = TestFolder::new();
    let error = without_variables(&folder).webhook(Provider::META).all().await.unwrap_err();
    assert!(error.0.contains("secrets.json does not exist: `certhooks local"), "{error}");
}

/// A date belongs to one secret; the file may be touched, copied and restored at any time.
#[tokio::test]
async fn previous_secrets_are_dropped_at_their_own_time() {
    let folder = TestFolder::new();
    write(
        &folder,
        r#"{"digicert_webhook_key": "a", "digicert_webhook_key_previous": "old-a",
            "digicert_webhook_key_rotated": "2026-11-22T10:00:00Z",
            "cloudflare_webhook_auth": "b", "cloudflare_webhook_auth_previous": "old-b",
            "cloudflare_webhook_auth_rotated": "2026-11-23T09:00:00Z",
            "meta_app_secret": "c", "meta_app_secret_previous": "old-c", "meta_verify_token": "d"}"#,
    );
    let secrets = without_variables(&folder);
    // A file of an older version has no date, so nobody can tell how old the secret is.
    assert_eq!(all(&secrets.webhook(Provider::META)).await.current_created, None);
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    secrets.drop_outdated(day, datetime!(2026-11-23 10:00 UTC)).unwrap();
    let names: Vec<_> = content(&folder).into_keys().filter(|name| name.contains("_pre")).collect();
    assert_eq!(names, ["cloudflare_webhook_auth_previous"]);
    let before = fs::metadata(file(&folder)).unwrap().modified().unwrap();
    secrets.drop_outdated(day, datetime!(2026-11-23 11:00 UTC)).unwrap();
    assert_eq!(fs::metadata(file(&folder)).unwrap().modified().unwrap(), before, "not written");
    let rotation = secrets.rotation(Provider::CLOUDFLARE).unwrap();
    secrets.drop_outdated(day, datetime!(2027-01-01 0:00 UTC)).unwrap();
    assert!(content(&folder).contains_key("cloudflare_webhook_auth_previous"), "a rotation runs");
    drop(rotation);
    secrets.drop_outdated(day, datetime!(2027-01-01 0:00 UTC)).unwrap();
    assert!(!content(&folder).contains_key("cloudflare_webhook_auth_previous"));
    assert_eq!(fs::metadata(file(&folder)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_signing_secret_is_made_once_for_each_consumer() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let (secrets, before) = (without_variables(&folder), content(&folder));
    let one = secrets.signing_secret("one").unwrap();
    assert!(one.is_new);
    assert_eq!(one.member, "forward_secret_one");
    assert!(one.value.expose_secret().starts_with("whsec_"));
    let again = secrets.signing_secret("one").unwrap();
    assert!(!again.is_new);
    assert_eq!(again.value.expose_secret(), one.value.expose_secret());
    let two = secrets.signing_secret("two").unwrap();
    assert_ne!(two.value.expose_secret(), one.value.expose_secret());
    // The file still opens, and nothing else in it has changed.
    drop(open(&folder));
    let mut after = content(&folder);
    assert_eq!(after.remove("forward_secret_one").as_deref(), Some(one.value.expose_secret()));
    after.remove("forward_secret_two").unwrap();
    assert_eq!(after, before);
    assert_eq!(fs::metadata(file(&folder)).unwrap().permissions().mode() & 0o777, 0o600);
}
