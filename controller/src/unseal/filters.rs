//! The filters that templates have beside those of Jinja: base64, JSON, and quoting.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a filter may return, in bytes: a Secret holds no more.
const MAX_LEN: usize = 1 << 20;

/// What stands for itself in every part of a URL (RFC 3986, section 2.3: unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Why a filter refuses what it is given. Holds nothing of it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) &'static str);

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("b64decode", b64decode);
    environment.add_filter("tojson", tojson);
    environment.add_filter("fromjson", fromjson);
    environment.add_filter("shellquote", shellquote);
    environment.add_filter("urlencode", urlencode);
}

fn b64encode(text: &str) -> Result<String, Error> {
    bounded(STANDARD.encode(text))
}

fn b64decode(text: &str) -> Result<String, Error> {
    let bytes = STANDARD
        .decode(text.trim_ascii())
        .map_err(|_| refuse("b64decode is given what is no base64"))?;
    String::from_utf8(bytes).map_err(|_| refuse("what comes out of b64decode is no text"))
}

/// A text becomes what JSON, YAML and TOML all read as a text in double quotes.
fn tojson(value: &Value) -> Result<String, Error> {
    let json = serde_json::to_string(value).map_err(|_| refuse("tojson is given no JSON value"))?;
    bounded(json)
}

fn fromjson(text: &str) -> Result<Value, Error> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| refuse("fromjson is given what is no JSON"))?;
    Ok(Value::from(Serde(value)))
}

/// One word of a POSIX shell, whatever is in it.
fn shellquote(text: &str) -> Result<String, Error> {
    bounded(format!("'{}'", text.replace('\'', r"'\''")))
}

/// As any part of a URL, a password included.
fn urlencode(text: &str) -> Result<String, Error> {
    bounded(utf8_percent_encode(text, RESERVED).to_string())
}

fn bounded(text: String) -> Result<String, Error> {
    if text.len() > MAX_LEN {
        return Err(refuse("a filter returns more than 1 MiB"));
    }
    Ok(text)
}

fn refuse(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, why).with_source(Refusal(why))
}
