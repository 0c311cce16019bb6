//! The token by which the API server knows the controller, where it lies in a file.
//!
//! The kubelet replaces the file before the token in it runs out. kube's own client reads it again when the
//! wall clock says so: set ahead and back again, that clock would say so for the first time when the token has
//! long run out.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use tokio::time::Instant;
use tower::util::MapRequestLayer;
use zeroize::Zeroizing;

/// How old what was read may be: the kubelet replaces a token minutes before it runs out.
const FRESH: Duration = Duration::from_secs(60);

/// The token in a file, or nothing where there is no file.
#[derive(Clone, Default)]
pub(crate) struct Token(Option<Arc<File>>);

struct File {
    path: PathBuf,
    read: Mutex<(HeaderValue, Instant)>,
}

impl Token {
    pub(crate) fn in_file(path: PathBuf) -> io::Result<Self> {
        let read = Mutex::new((read(&path)?, Instant::now()));
        Ok(Self(Some(Arc::new(File { path, read }))))
    }

    /// The layer by which the requests of a client carry the token.
    pub(crate) fn layer<B>(
        &self,
    ) -> MapRequestLayer<impl Fn(Request<B>) -> Request<B> + Clone + use<B>> {
        let token = self.clone();
        MapRequestLayer::new(move |mut request: Request<B>| {
            if let Some(header) = token.header() {
                request.headers_mut().insert(AUTHORIZATION, header);
            }
            request
        })
    }

    fn header(&self) -> Option<HeaderValue> {
        let file = self.0.as_ref()?;
        let mut present = file.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (header, at) = &mut *present;
        if at.elapsed() >= FRESH
            && let Ok(fresh) = read(&file.path)
        {
            (*header, *at) = (fresh, Instant::now());
        }
        Some(header.clone())
    }
}

fn read(path: &Path) -> io::Result<HeaderValue> {
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    let value = Zeroizing::new(format!("Bearer {}", text.trim()));
    let mut header = HeaderValue::from_str(&value).map_err(io::Error::other)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_that_was_replaced_is_read_after_a_minute_whatever_the_wall_clock_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        assert!(Token::in_file(path.clone()).is_err(), "there is none");
        write("first\n");
        let token = Token::in_file(path.clone()).unwrap();
        let is = |text: &str| assert_eq!(token.header().unwrap(), text);
        is("Bearer first");
        write("second");
        is("Bearer first");
        tokio::time::advance(FRESH).await;
        is("Bearer second");
        std::fs::remove_file(&path).unwrap();
        tokio::time::advance(FRESH).await;
        is("Bearer second");
        write("third");
        is("Bearer third");
        assert!(!format!("{:?}", token.header()).contains("third"));
        assert!(Token::default().header().is_none());
    }
}
