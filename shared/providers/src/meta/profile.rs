use crate::secret_member::SecretMember;

/// Base of the Graph API, without a version ("Certificate Transparency API").
pub const API_BASE: &str = "https://graph.facebook.com";

/// The app secret, with which Meta signs its requests ("Graph API Webhooks").
pub const APP_SECRET: SecretMember =
    SecretMember { stored_as: "app_secret", name: "meta_app_secret", variable: "META_APP_SECRET" };

/// The token that Meta sends when it verifies the endpoint ("Graph API Webhooks").
pub const VERIFY_TOKEN: SecretMember = SecretMember {
    stored_as: "verify_token",
    name: "meta_verify_token",
    variable: "META_VERIFY_TOKEN",
};

/// The access token of the Graph API ("Access tokens").
pub const ACCESS_TOKEN: SecretMember = SecretMember {
    stored_as: "access_token",
    name: "meta_access_token",
    variable: "META_ACCESS_TOKEN",
};

/// The object that a subscription is about ("Webhooks for Certificate Transparency").
pub const OBJECT: &str = "certificate_transparency";
