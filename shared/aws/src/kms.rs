use aws_sdk_kms::Client;
use ports::PortResult;

use crate::Session;
use crate::error::port_error;

/// Reads the policy of a KMS key, which is JSON. `variable` names the key in errors.
///
/// # Errors
/// When there is no such key, or its policy may not be read.
pub async fn key_policy(session: &Session, variable: &str, key: &str) -> PortResult<String> {
    // Each key has one policy, of this name.
    let request = Client::new(&session.config).get_key_policy().key_id(key).policy_name("default");
    let read = Box::pin(request.send())
        .await
        .map_err(|error| port_error(variable, "GetKeyPolicy", &error))?;
    Ok(read.policy().unwrap_or_default().to_owned())
}
