use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use ports::{PortError, PortResult};

use crate::Session;
use crate::fault::fault;

/// What a deployed stack tells of itself: names and addresses, nothing secret.
pub struct StackOutputs {
    stack: String,
    outputs: BTreeMap<String, String>,
}

impl StackOutputs {
    /// # Errors
    /// There is no such stack in this account and region, or it may not be described.
    pub async fn read(session: &Session, stack: &str) -> PortResult<Self> {
        let described = Client::new(&session.config).describe_stacks().stack_name(stack);
        let described = Box::pin(described.send())
            .await
            .map_err(|error| fault(&format!("stack {stack}"), "DescribeStacks", &error))?;
        let outputs = described.stacks().iter().flat_map(|stack| stack.outputs());
        let pair = |output: &aws_sdk_cloudformation::types::Output| {
            Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
        };
        Ok(Self { stack: stack.to_owned(), outputs: outputs.filter_map(pair).collect() })
    }

    /// # Errors
    /// The stack has no such output.
    pub fn named(&self, output: &str) -> PortResult<&str> {
        self.outputs.get(output).map(String::as_str).ok_or_else(|| {
            PortError(format!(
                "stack {} has no output {output}: is it Certhooks, with this provider enabled?",
                self.stack
            ))
        })
    }
}
