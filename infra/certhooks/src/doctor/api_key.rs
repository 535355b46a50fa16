use embedded::is_simulated;
use envelope::Provider;
use ports::SecretSource;
use providers::profile;
use providers::secret::Stored;
use providers::secret_member::SecretMember;

use crate::credentials::{local_secrets, origin};
use crate::doctor::{Context, Finding};

/// Whether the worker of a state folder has an API key for the provider. `None` where it has one, which
/// the provider's own checks go on with, and for a stack, whose functions alone can read theirs.
pub(crate) async fn check(context: &Context, provider: Provider) -> Option<Finding> {
    if context.installation.is_stack() {
        return None;
    }
    let (state, environment) = (&context.common().state, &context.environment);
    let profile::Api { secret, key_name, .. } = profile::of(provider).api;
    let SecretMember { variable, name, .. } = secret;
    let fix = format!(
        "set {variable} for `certhooks local` and for this command, or store `{name}` in {}; then start \
         `certhooks local` again",
        state.join("secrets.json").display()
    );
    match local_secrets(state, environment).api(provider).current().await {
        Err(error) => Some(Finding::error(error.to_string(), fix)),
        Ok(versions) => match versions.current {
            Some(stored) => {
                let fault = Stored::read(&stored).first(secret.stored_as).err()?;
                let origin = origin(environment, secret);
                Some(Finding::error(format!("{origin}: {fault}, so no call is made"), fix))
            }
            None if !profile::of(provider).has_call_backs => Some(Finding::ok(format!(
                "no {key_name}, and none is needed: no event has a call-back"
            ))),
            None if is_simulated(state) => Some(Finding::ok("the provider is simulated")),
            None => {
                let detail = format!(
                    "neither this command's environment nor secrets.json has the {key_name}: call-backs are \
                     disabled, and events are delivered without what they would bring (the first key of a \
                     provider is read at a start only)"
                );
                Some(Finding::error(detail, fix))
            }
        },
    }
}
