//! A workshop with a key and sealed files that say whom they are for, for the commands that edit them.

use serde_json::Value;

use crate::forge::{Forge, Opened};
use crate::workshop::Run;

/// A SealedSecret with comments and quotes of its own, between two other documents.
const AROUND: (&str, &str) = (
    "# ours\r\nkind: ConfigMap\r\napiVersion: v1\r\nmetadata: {name: x}\r\n---\n",
    "---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name:   y}   # \u{e9}",
);

/// A forge whose `.waxwing.yaml` says whom to seal to.
pub(crate) struct Shelf(pub(crate) Forge);

impl Shelf {
    pub(crate) fn new() -> Self {
        let forge = Forge::new();
        let args = ["init", "--cluster", "prod", "-r", &forge.recipient];
        forge.workshop.run(&args).ok();
        Self(forge)
    }

    /// A shelf with `db.yaml`: the SealedSecret `prod/db` with the item `password`, and two more
    /// documents around it.
    pub(crate) fn with_db() -> Self {
        let shelf = Self::new();
        let sealed = shelf.sealed("db", "strict", &["password"]);
        let commented = sealed.replace(
            "    password: ",
            "    # rotated by hand\n    'password':   ",
        );
        let (before, after) = AROUND;
        shelf.write("db.yaml", &format!("{before}{commented}{after}"));
        shelf
    }

    /// A SealedSecret for `prod`, whose items hold their own names.
    pub(crate) fn sealed(&self, name: &str, scope: &str, items: &[&str]) -> String {
        let mut args = vec!["create", "generic", name, "-n", "prod", "--scope", scope];
        let literals = items
            .iter()
            .map(|item| format!("--from-literal={item}={item}"));
        let literals: Vec<String> = literals.collect();
        args.extend(literals.iter().map(String::as_str));
        self.run(&args).ok()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.0.workshop.write(name, text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        self.0.workshop.read(name)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.0.workshop.run(args)
    }

    pub(crate) fn run_with(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Run {
        self.0.workshop.run_with(args, stdin)
    }

    /// The one Secret in a file.
    pub(crate) fn opened(&self, name: &str) -> Opened {
        let documents = self.read(name);
        let sealed = documents
            .split("---\n")
            .find(|text| text.contains("SealedSecret"));
        self.0.opened(sealed.unwrap())
    }

    /// The scope of an item of the only SealedSecret in a file, in words.
    pub(crate) fn scope(&self, name: &str, item: &str) -> String {
        let told = self.run(&["inspect", "-o", "json", name]).quiet();
        let told: Value = serde_json::from_str(&told).unwrap();
        let items = told[0]["items"].as_array().unwrap();
        let found = items.iter().find(|found| found["item"] == item).unwrap();
        let scope = found["scope"].as_object().unwrap();
        let words = ["kind", "namespace", "name", "item"];
        let words = words.iter().filter_map(|word| scope.get(*word)?.as_str());
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The lines of a text without what is sealed in them.
pub(crate) fn frame(text: &str) -> Vec<String> {
    let without_value = |line: &str| match line.find("YWdl") {
        Some(at) => format!("{}…\n", &line[..at]),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(without_value).collect()
}
