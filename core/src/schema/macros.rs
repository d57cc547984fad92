//! Two macros that write a frozen struct down in full and derive both conversions from its fields.
//!
//! A frozen struct is never edited: a new shape is a new struct with the next schema number and an upcast (see
//! `stored`). A field that the domain type gains does not compile here until somebody has thought about the disk.

/// A piece of several events: a struct of the domain with the same field names.
macro_rules! frozen {
    ($($(#[$doc:meta])+ $name:ident for $domain:ident { $($field:ident : $ty:ty),* $(,)? })*) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(crate) struct $name {
            $(pub(crate) $field: $ty,)*
        }

        impl $crate::schema::wire::Wire<$domain> for $name {
            fn freeze(domain: &$domain, out: &mut $crate::schema::wire::Freezing) -> Self {
                let $domain { $($field),* } = domain;
                Self { $($field: $crate::schema::wire::Wire::freeze($field, out),)* }
            }

            fn thaw(
                self,
                from: &mut $crate::schema::wire::Thawing,
            ) -> Result<$domain, $crate::schema::DecodeError> {
                Ok($domain { $($field: $crate::schema::wire::Wire::thaw(self.$field, from)?,)* })
            }
        }
    )*};
}

/// Words of an enum without fields.
macro_rules! words {
    ($($domain:ident $expected:literal { $($variant:ident $word:literal),* $(,)? })*) => {$(
        impl $crate::schema::wire::Wire<$domain> for String {
            fn freeze(domain: &$domain, _: &mut $crate::schema::wire::Freezing) -> Self {
                match domain { $($domain::$variant => $word,)* }.to_owned()
            }

            fn thaw(self, _: &mut $crate::schema::wire::Thawing) -> Result<$domain, $crate::schema::DecodeError> {
                match self.as_str() {
                    $($word => Ok($domain::$variant),)*
                    _ => Err($crate::schema::DecodeError::unexpected(&self, $expected)),
                }
            }
        }
    )*};
}

/// The events of one module in their newest schema: number, schema, variant, frozen struct.
macro_rules! events {
    ($domain:ident in $wrapper:ident; $($(#[doc = $doc:literal])+ $number:literal $schema:literal $variant:ident => $frozen:ident { $($field:ident : $ty:ty),* $(,)? })*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub(crate) struct $frozen {
                $(pub(crate) $field: $ty,)*
            }

            impl $crate::schema::stored::Frozen for $frozen {
                const NUMBER: u16 = $number;
                const SCHEMA: u16 = $schema;
                const RULE: &'static str = concat!($($doc),+);
                const FIELDS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), stringify!($ty)),)*];

                fn thaw(
                    self,
                    from: &mut $crate::schema::wire::Thawing,
                ) -> Result<$crate::event::Event, $crate::schema::DecodeError> {
                    Ok($crate::event::Event::$wrapper($domain::$variant {
                        $($field: $crate::schema::wire::Wire::thaw(self.$field, from)?,)*
                    }))
                }
            }
        )*

        /// In the newest schema.
        pub(crate) fn freeze(event: &$domain, out: &mut $crate::schema::wire::Freezing) -> $crate::schema::stored::Stored {
            match event {
                $($domain::$variant { $($field),* } => $crate::schema::stored::Stored::$frozen($frozen {
                    $($field: $crate::schema::wire::Wire::freeze($field, out),)*
                }),)*
            }
        }

        /// Permanent number and name.
        pub(crate) const fn name(event: &$domain) -> (u16, &'static str) {
            match event {
                $($domain::$variant { .. } => ($number, stringify!($variant)),)*
            }
        }
    };
}

pub(crate) use {events, frozen, words};
