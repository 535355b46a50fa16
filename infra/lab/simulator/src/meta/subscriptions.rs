use anyhow::Result;
use axum::response::Response;
use providers::meta::OBJECT;
use serde_json::{Value, json};

use super::replies::{bad_parameter, callback_failed, found};
use super::{Asked, parameters};
use crate::answers::Handled;
use crate::authority::number_of;
use crate::courier::Target;
use crate::random;

const FIELDS: [&str; 2] = ["certificate", "phishing"];
const DEFAULT_VERSION: &str = "v19.0";

/// What an app hears of. There is one object here, so there is one of these or none.
pub(crate) struct Subscription {
    callback: Target,
    /// Name and version.
    fields: Vec<(String, String)>,
}

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

impl Asked<'_> {
    pub(super) fn subscriptions(&self) -> Response {
        let kept = self.world.app.kept();
        let documents: Vec<_> = kept.subscription.iter().map(Subscription::document).collect();
        found(json!({"data": documents}))
    }

    /// The fields are added to those that are there; the callback takes the place of an earlier
    /// one, once it has answered the handshake.
    pub(super) async fn subscribe(&self) -> Handled {
        let (callback, fields) = match self.wanted() {
            Ok(wanted) => wanted,
            Err(message) => return Ok(bad_parameter(&message)),
        };
        if let Err(message) = self.handshake(&callback).await? {
            return Ok(callback_failed(&message));
        }
        let mut kept = self.world.app.kept();
        let earlier = kept.subscription.take();
        let mut all = earlier.map(|subscription| subscription.fields).unwrap_or_default();
        all.retain(|(name, _)| !fields.contains(name));
        let version = self.version.unwrap_or(DEFAULT_VERSION);
        all.extend(fields.into_iter().map(|name| (name, version.to_owned())));
        kept.subscription = Some(Subscription { callback, fields: all });
        Ok(found(json!({"success": true})))
    }

    /// Without `fields` all of the object's, without `object` all.
    pub(super) fn unsubscribe(&self) -> Response {
        let names = match self.object().and_then(|_| self.fields()) {
            Ok(names) => names,
            Err(message) => return bad_parameter(&message),
        };
        let mut kept = self.world.app.kept();
        if let Some(subscription) = &mut kept.subscription {
            let is_gone = |name: &String| names.is_empty() || names.contains(name);
            subscription.fields.retain(|(name, _)| !is_gone(name));
        }
        kept.subscription.take_if(|subscription| subscription.fields.is_empty());
        found(json!({"success": true}))
    }

    fn wanted(&self) -> Result<(Target, Vec<String>), String> {
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

    /// The callback must answer 200 with the challenge and nothing else.
    async fn handshake(&self, callback: &Target) -> Result<Result<(), String>> {
        let token = self.parameters.get("verify_token").map(String::as_str).unwrap_or_default();
        // An int, as documented.
        let challenge = (number_of(&random::hex::<16>()?) % 10_000_000_000).to_string();
        let query =
            [("hub.mode", "subscribe"), ("hub.challenge", &challenge), ("hub.verify_token", token)];
        Ok(match self.world.courier.get(callback, &query).await {
            None => Err("The URL couldn't be validated. No response in time".to_owned()),
            Some(answered) if answered.code != 200 => {
                Err(format!("HTTP Status Code = {}", answered.code))
            }
            Some(answered) if answered.body != challenge.as_bytes() => {
                Err("Response does not match challenge".to_owned())
            }
            Some(_) => Ok(()),
        })
    }
}
