//! The JSON schema of `.waxwing.yaml`, for editors.

use schemars::generate::SchemaSettings;

use super::file::ConfigFile;

/// The schema as a file.
pub(crate) fn text() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let schema = generator.into_root_schema_for::<ConfigFile>();
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/waxwing.schema.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == super::text(),
            "docs/waxwing.schema.json is out of date: run `cargo xtask schema`"
        );
    }
}
