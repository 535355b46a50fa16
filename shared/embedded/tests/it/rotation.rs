use std::fs;
use std::os::unix::fs::PermissionsExt;

use embedded::{LocalSecrets, Rotation, Stages};
use envelope::Provider;
use ports::{PortResult, SecretSource};
use secrecy::{ExposeSecret, SecretString};

use crate::open;
use crate::test_folder::TestFolder;

fn rotation(folder: &TestFolder) -> PortResult<Rotation> {
    LocalSecrets::new(folder.path(), |_| None).rotation(Provider::DIGICERT)
}

fn exposed(stages: &Stages) -> [Option<String>; 3] {
    let exposed = |secret: &SecretString| secret.expose_secret().to_owned();
    let Stages { current, pending, previous } = stages;
    [Some(exposed(current)), pending.as_ref().map(exposed), previous.as_ref().map(exposed)]
}

#[tokio::test]
async fn a_key_moves_from_pending_to_current_to_previous() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let secret = state.secrets(|_| None).webhook(Provider::DIGICERT);
    let rotation = rotation(&folder).unwrap();
    let [first, pending, previous] = exposed(&rotation.stages().unwrap());
    assert_eq!((pending, previous), (None, None));

    let (second, third) = (embedded::random_secret().unwrap(), embedded::random_secret().unwrap());
    assert_eq!(second.expose_secret().len(), 43);
    assert_ne!(second.expose_secret(), third.expose_secret());
    rotation.begin(&second).unwrap();
    rotation.begin(&third).unwrap();
    let third = Some(third.expose_secret().to_owned());
    assert_eq!(exposed(&rotation.stages().unwrap()), [first.clone(), third.clone(), None]);
    assert!(secret.all().await.unwrap().pending.is_some(), "the pending key is accepted already");

    let before = secret.all().await.unwrap().ids;
    rotation.promote(true).unwrap();
    assert_eq!(exposed(&rotation.stages().unwrap()), [third.clone(), None, first]);
    let after = secret.all().await.unwrap();
    assert!(before.current.is_some() && before.current != before.pending, "{before:?}");
    assert_eq!(
        (after.ids.current, after.ids.previous),
        (before.pending, before.current),
        "names of versions stay"
    );
    let rotated = after.current_created.unwrap();
    assert!(time::OffsetDateTime::now_utc() - rotated < time::Duration::minutes(1));

    rotation.begin(&second).unwrap();
    rotation.abandon().unwrap();
    rotation.abandon().unwrap();
    let before = rotation.stages().unwrap();
    assert_eq!(exposed(&before)[..2], [third, None]);
    let error = rotation.promote(true).unwrap_err();
    assert!(error.0.contains("has no `digicert_webhook_key_pending`"), "{error}");
    assert_eq!(exposed(&rotation.stages().unwrap()), exposed(&before), "the file is unchanged");

    rotation.begin(&second).unwrap();
    rotation.promote(false).unwrap();
    assert_eq!(secret.all().await.unwrap().current_created, None, "nothing previous is kept");
    let second = Some(second.expose_secret().to_owned());
    assert_eq!(exposed(&rotation.stages().unwrap()), [second, None, None]);
    let mode = fs::metadata(folder.path().join("secrets.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn one_rotation_at_a_time_and_not_of_a_secret_from_a_variable() {
    let folder = TestFolder::new();
    let error = rotation(&folder).err().unwrap();
    assert!(error.0.contains("secrets.json does not exist"), "{error}");
    drop(open(&folder));

    let first = rotation(&folder).unwrap();
    let error = rotation(&folder).err().unwrap();
    assert!(error.0.contains("rotation.lock is held: another rotation"), "{error}");
    drop(first);
    assert!(rotation(&folder).is_ok());

    let by_variable = LocalSecrets::new(folder.path(), |name| {
        (name == "DIGICERT_WEBHOOK_KEY").then(|| "of the variable".to_owned())
    });
    let error = by_variable.rotation(Provider::DIGICERT).err().unwrap();
    assert!(error.0.starts_with("DIGICERT_WEBHOOK_KEY is set"), "{error}");
    assert!(!error.0.contains("of the variable"), "{error}");
}
