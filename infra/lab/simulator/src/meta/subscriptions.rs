use anyhow::Result;
use axum::response::Response;
use providers::meta::OBJECT;
use serde_json::{Value, json};

use super::parameters;
use super::replies::{bad_parameter, callback_failed, found};
use super::request::GraphRequest;
use super::state::Subscription;
use crate::authority::number_of;
use crate::random;
use crate::responses::HandlerResult;
use crate::webhook_sender::Target;

const FIELDS: [&str; 2] = ["certificate", "phishing"];
const DEFAULT_VERSION: &str = "v19.0";

impl Subscription {
    fn document(&self) -> Value {
        let field = |(name, version): &(String, String)| json!({"name": name, "version": version});
        json!({
            "object": OBJECT,
            "callback_url": self.callback.text(),
            "active": true,
            "fields": self.fields.iter().map(field).collect::<Vec<_>>(),
        })
    }
}

impl GraphRequest<'_> {
    pub(super) fn subscriptions(&self) -> Response {
        let app = self.state.app();
        let documents: Vec<_> = app.subscription.iter().map(Subscription::document).collect();
        found(json!({"data": documents}))
    }

    /// Adds the fields to the subscribed ones. The callback replaces an earlier one once it has answered the
    /// handshake.
    pub(super) async fn subscribe(&self) -> HandlerResult {
        let (callback, fields) = match self.subscription_request() {
            Ok(request) => request,
            Err(message) => return Ok(bad_parameter(&message)),
        };
        if let Err(message) = self.handshake(&callback).await? {
            return Ok(callback_failed(&message));
        }
        let mut app = self.state.app();
        let earlier = app.subscription.take();
        let mut all = earlier.map(|subscription| subscription.fields).unwrap_or_default();
        all.retain(|(name, _)| !fields.contains(name));
        let version = self.version.unwrap_or(DEFAULT_VERSION);
        all.extend(fields.into_iter().map(|name| (name, version.to_owned())));
        app.subscription = Some(Subscription { callback, fields: all });
        Ok(found(json!({"success": true})))
    }

    /// Removes the fields, or all of them if the request names none.
    pub(super) fn unsubscribe(&self) -> Response {
        let names = match self.object().and_then(|_| self.fields()) {
            Ok(names) => names,
            Err(message) => return bad_parameter(&message),
        };
        let mut app = self.state.app();
        if let Some(subscription) = &mut app.subscription {
            let is_removed = |name: &String| names.is_empty() || names.contains(name);
            subscription.fields.retain(|(name, _)| !is_removed(name));
        }
        app.subscription.take_if(|subscription| subscription.fields.is_empty());
        found(json!({"success": true}))
    }

    /// The callback and the fields of the request; an error is the text for code 100.
    fn subscription_request(&self) -> Result<(Target, Vec<String>), String> {
        self.object()?.ok_or("Param object is required")?;
        let fields = self.fields()?;
        if fields.is_empty() {
            return Err("Param fields is required".to_owned());
        }
        let include_values = self.parameters.get("include_values").map(String::as_str);
        if !matches!(include_values, None | Some("true" | "false" | "1" | "0")) {
            return Err("Param include_values must be a boolean".to_owned());
        }
        let callback = self.parameters.get("callback_url").and_then(|url| Target::parse(url));
        let callback = callback.ok_or("Param callback_url must begin with https://")?;
        Ok((callback, fields))
    }

    fn object(&self) -> Result<Option<()>, String> {
        match self.parameters.get("object").map(String::as_str) {
            None => Ok(None),
            Some(OBJECT) => Ok(Some(())),
            Some(_) => Err(format!("Param object must be one of {{{OBJECT}}}")),
        }
    }

    fn fields(&self) -> Result<Vec<String>, String> {
        let fields = parameters::list(self.parameters, "fields");
        match fields.iter().find(|field| !FIELDS.contains(&field.as_str())) {
            Some(unknown) => Err(format!("Param fields: {unknown} is not a field of {OBJECT}")),
            None => Ok(fields),
        }
    }

    /// The callback must respond with 200 and exactly the challenge.
    async fn handshake(&self, callback: &Target) -> Result<Result<(), String>> {
        let token = self.parameters.get("verify_token").map(String::as_str).unwrap_or_default();
        // The page documents an integer here.
        let challenge = (number_of(&random::hex::<16>()?) % 10_000_000_000).to_string();
        let query =
            [("hub.mode", "subscribe"), ("hub.challenge", &challenge), ("hub.verify_token", token)];
        Ok(match self.state.shared.webhook_sender.get(callback, &query).await {
            None => Err("The URL couldn't be validated. No response in time".to_owned()),
            Some(response) if response.code != 200 => {
                Err(format!("HTTP Status Code = {}", response.code))
            }
            Some(response) if response.body != challenge.as_bytes() => {
                Err("Response does not match challenge".to_owned())
            }
            Some(_) => Ok(()),
        })
    }
}
