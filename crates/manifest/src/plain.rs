//! What an unquoted YAML scalar means to kubectl.
//!
//! kubectl, Flux and Argo CD read manifests by `sigs.k8s.io/yaml`, whose scalars are those of YAML
//! 1.1 (`yes` is a boolean, `012` a number). A reader that saw strings there would seal a value that
//! kubectl refuses, and a writer that left them unquoted would write one.

/// The meaning of an unquoted scalar, as in `resolve.go` of `sigs.k8s.io/yaml/goyaml.v2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text,
}

impl Plain {
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                Self::Bool(true)
            }
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off"
            | "OFF" => Self::Bool(false),
            ".nan" | ".NaN" | ".NAN" => Self::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Self::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Self::Float(f64::NEG_INFINITY),
            _ => number(text).unwrap_or(Self::Text),
        }
    }
}

fn number(text: &str) -> Option<Plain> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: a prefix tells the base, and a leading
/// zero alone means octal.
fn integer(text: &str) -> Option<Plain> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    match i64::try_from(i128::from(magnitude) * if negative { -1 } else { 1 }) {
        Ok(integer) => Some(Plain::Integer(integer)),
        Err(_) if !negative => Some(Plain::Unsigned(magnitude)),
        Err(_) => None,
    }
}

fn float(text: &str) -> Option<Plain> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let looks_like_one = unsigned.bytes().any(|byte| byte.is_ascii_digit())
        && unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if looks_like_one {
        text.parse().ok().map(Plain::Float)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_kubectl_reads() {
        let cases = [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("NULL", Plain::Null),
            ("yes", Plain::Bool(true)),
            ("y", Plain::Bool(true)),
            ("Off", Plain::Bool(false)),
            ("0", Plain::Integer(0)),
            ("42", Plain::Integer(42)),
            ("-7", Plain::Integer(-7)),
            ("+7", Plain::Integer(7)),
            ("012", Plain::Integer(10)),
            ("0o12", Plain::Integer(10)),
            ("0x1F", Plain::Integer(31)),
            ("0b101", Plain::Integer(5)),
            ("1_000", Plain::Integer(1000)),
            ("-9223372036854775808", Plain::Integer(i64::MIN)),
            ("18446744073709551615", Plain::Unsigned(u64::MAX)),
            (
                "18446744073709551616",
                Plain::Float(18_446_744_073_709_551_616.0),
            ),
            ("08", Plain::Float(8.0)),
            ("1e3", Plain::Float(1000.0)),
            (".5", Plain::Float(0.5)),
            ("-1.25", Plain::Float(-1.25)),
            (".inf", Plain::Float(f64::INFINITY)),
            ("yEs", Plain::Text),
            ("true ", Plain::Text),
            ("0x", Plain::Text),
            ("0xg", Plain::Text),
            ("1.2.3", Plain::Text),
            ("12:30", Plain::Text),
            ("2026-11-24", Plain::Text),
            ("-", Plain::Text),
            ("+-1", Plain::Text),
            (".", Plain::Text),
            ("1e", Plain::Text),
            ("e3", Plain::Text),
            ("infinity", Plain::Text),
        ];
        for (text, meaning) in cases {
            assert_eq!(Plain::of(text), meaning, "{text:?}");
        }
    }
}
