//! The base that ships with the program.

/// A file of the base, by its name.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../knowledge/zh-CN/", $name)))
    };
}

pub(super) const FILES: &[(&str, &str)] = &[
    file!("aid.toml"),
    file!("business.toml"),
    file!("city-order.toml"),
    file!("companies.toml"),
    file!("consumers.toml"),
    file!("culture.toml"),
    file!("education.toml"),
    file!("emergency-prep.toml"),
    file!("environment.toml"),
    file!("estate.toml"),
    file!("family.toml"),
    file!("food-drug.toml"),
    file!("fund-cases.toml"),
    file!("household.toml"),
    file!("housing-fund.toml"),
    file!("labour.toml"),
    file!("licence.toml"),
    file!("medical.toml"),
    file!("outside.toml"),
    file!("property.toml"),
    file!("renting.toml"),
    file!("rural.toml"),
    file!("safety.toml"),
    file!("services.toml"),
    file!("social.toml"),
    file!("tax.toml"),
    file!("telecom.toml"),
    file!("traffic.toml"),
    file!("transit.toml"),
    file!("utilities.toml"),
    file!("utility-services.toml"),
    file!("vehicles.toml"),
    file!("work.toml"),
];
