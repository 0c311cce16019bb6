//! The examples in docs/cli.md print what they say. `cli/tests/cmd/cli.md` is a link to it, and
//! `cli.in` beside it holds the files that the examples start from.

#![forbid(unsafe_code)]

#[test]
fn the_examples_of_the_command_line_print_what_they_say() {
    trycmd::TestCases::new()
        .env("KUBECONFIG", "/nonexistent")
        .env("HOME", "/nonexistent")
        .case("tests/cmd/*.md")
        .run();
}
