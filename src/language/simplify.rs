//! One script: a recogniser writes Traditional characters now and then, everything after it reads Simplified ones.
//! The tables are OpenCC's (Apache-2.0), built into the crate `ferrous-opencc`.

use std::borrow::Cow;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

static CONVERTER: LazyLock<Option<OpenCC>> =
    LazyLock::new(|| OpenCC::from_config(BuiltinConfig::T2s).ok());

/// Traditional to Simplified; text that is Simplified already comes back as it is.
pub fn simplified(text: &str) -> Cow<'_, str> {
    match CONVERTER.as_ref() {
        Some(converter) if !text.is_ascii() => {
            let plain = converter.convert(text);
            if plain == text { Cow::Borrowed(text) } else { Cow::Owned(plain) }
        }
        _ => Cow::Borrowed(text),
    }
}
