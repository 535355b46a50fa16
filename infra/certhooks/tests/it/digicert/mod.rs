//! `certhooks digicert webhook …`: the compiled binary against the simulated CertCentral, with
//! `certhooks local` as the webhook endpoint.

mod api;
mod auto_verify;
mod bad_input;
mod calls;
mod completions;
mod logs;
mod reconcile;
mod rotate;
mod rotate_load;
mod rotate_stopped;
mod secrets;
mod settings;
pub(crate) mod stage;
mod subscribe;
