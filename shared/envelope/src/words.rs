/// Defines a set of words: an enum whose variants have one spelling each, in JSON, logs and keys. The comments are the
/// descriptions in the schema. To a set that is `open`, version 1 of the contract may add words; a `closed` one stays
/// as it is.
macro_rules! string_enum {
    ($(#[doc = $about:literal])+ $openness:ident $name:ident {
        $($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value that is spelled so.
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().find(|value| value.as_str() == text).copied()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::schema::words(
                    concat!($($about, "\n",)+),
                    &[$(($text, concat!($($doc, "\n",)+)),)+],
                    stringify!($openness) == "open",
                )
            }
        }
    };
}

pub(crate) use string_enum;
