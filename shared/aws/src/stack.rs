use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Output, Parameter, Stack};
use ports::{PortError, PortResult};

use crate::Session;
use crate::error::port_error;

/// The outputs and parameters of a deployed stack: names and addresses, and nothing secret.
pub struct StackOutputs {
    stack: String,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

impl StackOutputs {
    /// # Errors
    /// When there is no such stack in this account and region, or it may not be described.
    pub async fn read(session: &Session, stack: &str) -> PortResult<Self> {
        let described = Client::new(&session.config).describe_stacks().stack_name(stack);
        let described = Box::pin(described.send())
            .await
            .map_err(|error| port_error(&format!("stack {stack}"), "DescribeStacks", &error))?;
        let stacks = described.stacks();
        let output = |output: &Output| {
            Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
        };
        let parameter = |parameter: &Parameter| {
            Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value()?.to_owned()))
        };
        Ok(Self {
            stack: stack.to_owned(),
            outputs: stacks.iter().flat_map(Stack::outputs).filter_map(output).collect(),
            parameters: stacks.iter().flat_map(Stack::parameters).filter_map(parameter).collect(),
        })
    }

    /// Returns a parameter of the deployment; `None` when the stack has none of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns an output that a stack has with some parameters only.
    pub fn optional(&self, output: &str) -> Option<&str> {
        self.outputs.get(output).map(String::as_str)
    }

    /// Returns an output.
    ///
    /// # Errors
    /// When the stack has no such output.
    pub fn named(&self, output: &str) -> PortResult<&str> {
        self.optional(output).ok_or_else(|| {
            PortError(format!(
                "stack {} has no output {output}: is it Certhooks, with this provider enabled?",
                self.stack
            ))
        })
    }
}
