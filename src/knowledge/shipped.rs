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
    file!("disabled.toml"),
    file!("education.toml"),
    file!("elderly.toml"),
    file!("emergency-prep.toml"),
    file!("environment.toml"),
    file!("estate.toml"),
    file!("exit-entry.toml"),
    file!("family.toml"),
    file!("food-drug.toml"),
    file!("fund-cases.toml"),
    file!("funeral.toml"),
    file!("health.toml"),
    file!("household.toml"),
    file!("housing-fund.toml"),
    file!("insurance-medical.toml"),
    file!("insurance-work.toml"),
    file!("labour.toml"),
    file!("law.toml"),
    file!("licence.toml"),
    file!("marriage.toml"),
    file!("medical.toml"),
    file!("outside.toml"),
    file!("pension.toml"),
    file!("property.toml"),
    file!("relief.toml"),
    file!("renting.toml"),
    file!("residence.toml"),
    file!("rural.toml"),
    file!("safety.toml"),
    file!("schooling.toml"),
    file!("services.toml"),
    file!("social.toml"),
    file!("tax.toml"),
    file!("telecom.toml"),
    file!("traffic.toml"),
    file!("transit.toml"),
    file!("utilities.toml"),
    file!("utility-services.toml"),
    file!("vehicles.toml"),
    file!("veterans.toml"),
    file!("work.toml"),
];
