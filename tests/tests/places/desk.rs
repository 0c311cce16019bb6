//! A folder to work in, without a cluster.

use std::fs;
use std::path::Path;

use waxwing_tests::{Run, Terminal, document};

/// A folder with the key of cluster `prod` in `prod.key`, and a `.waxwing.yaml` that names the cluster.
pub(crate) struct Desk(pub(crate) Terminal);

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(Terminal::offline().unwrap());
        desk.ok("waxwing keygen -o prod.key
             waxwing init --cluster prod -r $(waxwing keygen -y prod.key)");
        desk
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.folder().join(name)).unwrap()
    }

    pub(crate) fn install(&self, name: &str, program: &Path) {
        self.0.install(name, program).unwrap();
    }

    /// What a script prints that has to go well.
    pub(crate) fn ok(&self, script: &str) -> String {
        self.0.run(script).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What a script says that has to fail.
    pub(crate) fn refused(&self, script: &str) -> String {
        let run: Run = self.0.command(script).output().unwrap().into();
        assert_ne!(run.code, 0, "{}", run.stdout);
        run.stdout + &run.stderr
    }

    /// The Secrets in a file of SealedSecrets, as `prod` opens them.
    pub(crate) fn opened(&self, name: &str) -> String {
        self.ok(&format!("waxwing unseal -i prod.key -f {name}"))
    }
}

/// The commands of a section of docs/cli.md.
pub(crate) fn documented(heading: &str) -> Vec<String> {
    document::commands("docs/cli.md", heading).unwrap()
}
