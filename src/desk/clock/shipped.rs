//! The packs that ship with the program.

/// A pack, by its name.
macro_rules! pack {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../rules/packs/", $name)))
    };
}

/// File names, which are the packs' codes, and texts.
pub const SHIPPED: &[(&str, &str)] = &[
    pack!("beijing-draft.toml"),
    pack!("hotan-2021.toml"),
    pack!("jinan.toml"),
    pack!("petition.toml"),
    pack!("xintang-quick-response.toml"),
    pack!("zhejiang-2017.toml"),
];
