use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_types::SdkConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use crate::Session;
use crate::session::{behavior, retries, timeouts};

/// A service whose SDK client would add a second version of half the HTTP stack.
pub(crate) struct Service {
    /// The name in `AWS_ENDPOINT_URL_…`.
    pub(crate) id: &'static str,
    /// The first label of the host name, which is also the service name in the signature.
    pub(crate) endpoint: &'static str,
    /// The prefix of the operation's name in `X-Amz-Target`.
    pub(crate) target: &'static str,
}

pub(crate) type Refusal = SdkError<ErrorMetadata, HttpResponse>;

/// Sends `input` with the protocol AWS JSON 1.0. It uses the credentials, endpoint, connections,
/// timeouts and retries of the session, as a client of the SDK does.
///
/// # Errors
/// When the service cannot be reached or refuses, or `read` cannot read the answer.
pub(crate) async fn call<T>(
    session: &Session,
    service: &Service,
    operation: &'static str,
    input: Value,
    read: fn(&Value) -> Result<T, ErrorMetadata>,
) -> Result<T, Refusal>
where
    T: std::fmt::Debug + Send + Sync + 'static,
{
    let config = &session.config;
    let client =
        config.http_client().ok_or_else(|| construction_error("there is no HTTP client"))?;
    let target = format!("{}.{operation}", service.target);
    let operation = Operation::builder()
        .service_name(service.id)
        .operation_name(operation)
        .behavior_version(behavior())
        .http_client(client)
        .endpoint_url(&endpoint(config, service).map_err(construction_error)?)
        .runtime_plugin(signing(config, service).map_err(construction_error)?)
        .timeout_config(timeouts())
        .standard_retry(&retries())
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .with_connection_poisoning()
        .serializer(move |input: Value| request(&target, &input))
        .deserializer(move |answer| {
            parse(answer).and_then(|answer| read(&answer)).map_err(OrchestratorError::operation)
        })
        .build();
    Box::pin(operation.invoke(input)).await
}

fn request(target: &str, input: &Value) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(input.to_string()));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().try_insert("content-type", "application/x-amz-json-1.0")?;
    request.headers_mut().try_insert("x-amz-target", target.to_owned())?;
    Ok(request)
}

/// Returns the answer, or the code and message of the service.
fn parse(answer: &HttpResponse) -> Result<Value, ErrorMetadata> {
    let reply = answer.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let error = ErrorMetadata::builder();
    match reply {
        Some(reply) if answer.status().is_success() => Ok(reply),
        Some(reply) => {
            // The code has the form `namespace#Code`.
            let code = reply["__type"].as_str().unwrap_or("an error without a code");
            let code = code.rsplit('#').next().unwrap_or(code);
            let message = ["message", "Message"].iter().find_map(|member| reply[*member].as_str());
            Err(error.code(code).message(message.unwrap_or_default()).build())
        }
        None => {
            let message = format!("status {}, not JSON", answer.status());
            Err(error.code("Unreadable").message(message).build())
        }
    }
}

fn construction_error(problem: &'static str) -> Refusal {
    SdkError::construction_failure(problem)
}

/// Configures Signature Version 4 with the session's credentials.
fn signing(config: &SdkConfig, service: &Service) -> Result<StaticRuntimePlugin, &'static str> {
    let credentials = config.credentials_provider();
    let credentials = credentials.ok_or("there are no credentials")?;
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static(service.endpoint)),
        ..SigV4OperationSigningConfig::default()
    });
    let schemes = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let components = RuntimeComponentsBuilder::new("signing")
        .with_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(schemes)))
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    Ok(StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components))
}

/// Returns the configured endpoint of this service, that of all services, or the default of the region.
fn endpoint(config: &SdkConfig, service: &Service) -> Result<String, &'static str> {
    let named = config.service_config().and_then(|configured| {
        let key = ServiceConfigKey::builder()
            .service_id(service.id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url");
        configured.load_config(key.build().ok()?)
    });
    if let Some(url) = named.or_else(|| config.endpoint_url().map(str::to_owned)) {
        return Ok(url);
    }
    let region = config.region().ok_or("there is no region")?.as_ref();
    let is_dual_stack = config.use_dual_stack().unwrap_or_default();
    let suffix = match (region.starts_with("cn-"), is_dual_stack) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    // The endpoints of GovCloud meet FIPS already.
    let is_fips = config.use_fips().unwrap_or_default() && !region.starts_with("us-gov-");
    let fips = if is_fips { "-fips" } else { "" };
    Ok(format!("https://{}{fips}.{region}.{suffix}", service.endpoint))
}

#[cfg(test)]
mod tests {
    use aws_types::region::Region;

    use super::{ErrorMetadata, HttpResponse, SdkBody, SdkConfig, Service, endpoint, parse};

    const SERVICE: Service =
        Service { id: "CloudWatch", endpoint: "monitoring", target: "Granite" };

    #[test]
    fn an_answer_is_json_or_an_error() {
        let parsed = |status: u16, body: &'static str| {
            parse(&HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
        };
        assert_eq!(
            parsed(200, r#"{"Datapoints":[]}"#).unwrap()["Datapoints"],
            serde_json::json!([])
        );
        for (status, body, code, message) in [
            (
                400,
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}"#,
                "AccessDeniedException",
                "not authorized",
            ),
            (
                400,
                r#"{"__type":"Throttling","message":"Rate exceeded"}"#,
                "Throttling",
                "Rate exceeded",
            ),
            (500, "{}", "an error without a code", ""),
            (200, "<html>", "Unreadable", "status 200, not JSON"),
            (503, "", "Unreadable", "status 503, not JSON"),
        ] {
            let refused: ErrorMetadata = parsed(status, body).unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Some(code), Some(message)), "{body}");
        }
    }

    #[test]
    fn the_endpoint_is_that_of_the_region() {
        for (region, fips, dual_stack, expected) in [
            ("eu-central-1", false, false, "https://monitoring.eu-central-1.amazonaws.com"),
            ("us-east-1", true, false, "https://monitoring-fips.us-east-1.amazonaws.com"),
            ("us-gov-west-1", true, false, "https://monitoring.us-gov-west-1.amazonaws.com"),
            ("us-east-1", true, true, "https://monitoring-fips.us-east-1.api.aws"),
            ("cn-north-1", false, false, "https://monitoring.cn-north-1.amazonaws.com.cn"),
        ] {
            let config = SdkConfig::builder()
                .region(Region::new(region))
                .use_fips(fips)
                .use_dual_stack(dual_stack)
                .build();
            assert_eq!(endpoint(&config, &SERVICE).unwrap(), expected);
        }
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566").build();
        assert_eq!(endpoint(&config, &SERVICE).unwrap(), "http://127.0.0.1:4566");
    }
}
