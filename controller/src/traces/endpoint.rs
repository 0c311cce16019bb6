//! Where traces are sent to.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// Where a receiver of OTLP over HTTP takes traces.
const PATH: &str = "/v1/traces";

/// The variables of the OpenTelemetry specification: the URL itself, and one that the path is put after.
const VARIABLE: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const BASE_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The URL of a receiver of OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Uri);

/// Why a text is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found}it must be an http or https URL of a host, without user and password, such as http://collector:4318"
)]
pub(crate) struct EndpointError {
    /// Where the text was found, if not on the command line.
    found: String,
}

impl Endpoint {
    /// The one of the command line, or else that of the environment.
    pub(crate) fn choose(
        flag: Option<&Self>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, EndpointError> {
        if let Some(endpoint) = flag {
            return Ok(Some(endpoint.clone()));
        }
        let variable = |name| Some((name, variable(name).filter(|text| !text.is_empty())?));
        let chosen = if let Some((name, text)) = variable(VARIABLE) {
            (name, text)
        } else if let Some((name, text)) = variable(BASE_VARIABLE) {
            (name, format!("{}{PATH}", text.trim_end_matches('/')))
        } else {
            return Ok(None);
        };
        let (name, text) = chosen;
        match parse(&text) {
            Some(uri) => Ok(Some(Self(uri))),
            None => Err(EndpointError {
                found: format!("{name} cannot be used: "),
            }),
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }
}

/// A URL without a path stands for the usual one.
impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let none = || EndpointError {
            found: String::new(),
        };
        let uri = parse(text).ok_or_else(none)?;
        if uri.path() != "/" || uri.query().is_some() {
            return Ok(Self(uri));
        }
        let whole = format!("{}{PATH}", text.trim_end_matches('/'));
        parse(&whole).map(Self).ok_or_else(none)
    }
}

fn parse(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority()?.as_str();
    (is_http && !authority.contains('@') && !uri.host()?.is_empty()).then_some(uri)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_url_without_a_path_stands_for_the_usual_one() {
        for (text, expected) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("http://c:4318/", "http://c:4318/v1/traces"),
            ("https://c/otlp/v1/traces", "https://c/otlp/v1/traces"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_url_of_http_is_refused_and_not_quoted() {
        for text in [
            "",
            "c",
            "c:4317",
            "/v1/traces",
            "grpc://c:4317",
            "ftp://c",
            "http://",
            "http://a b",
            "http://user:hunter2@c",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("http://collector:4318"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_flag_goes_before_the_variables_of_the_specification() {
        let flag: Endpoint = "http://flag:1".parse().unwrap();
        let chosen = |flag: Option<&Endpoint>, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name)?;
                Some(found.1.to_owned())
            };
            let chosen = Endpoint::choose(flag, variable)?;
            Ok::<_, EndpointError>(chosen.map(|endpoint| endpoint.to_string()))
        };
        let own = (VARIABLE, "http://own:2/mine");
        let base = (BASE_VARIABLE, "http://base:3/otlp/");
        for (flag, variables, expected) in [
            (None, vec![], None),
            (None, vec![(VARIABLE, ""), (BASE_VARIABLE, "")], None),
            (
                Some(&flag),
                vec![own, base],
                Some("http://flag:1/v1/traces"),
            ),
            (None, vec![own, base], Some("http://own:2/mine")),
            (None, vec![base], Some("http://base:3/otlp/v1/traces")),
        ] {
            assert_eq!(chosen(flag, &variables).unwrap().as_deref(), expected);
        }
        let error = chosen(None, &[(BASE_VARIABLE, "c:4317")]).unwrap_err();
        assert!(error.to_string().starts_with(BASE_VARIABLE), "{error}");
    }
}
