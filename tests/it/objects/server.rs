//! A real S3 server on loopback, which checks signatures and checksums, and a layer around it that spoils answers as a
//! test says.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use object_store::ObjectStoreExt;
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::path::Path;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tests::{Outcome, Sandbox, tree};
use tokio::runtime::Runtime;

pub(crate) const KEY_ID: &str = "AKIDEXAMPLEEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMIsecretK7MDENGbPxRfiCY";

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered so, and the server never sees it.
    Status(u16),
    /// The connection ends after so many bytes of the answer.
    Cut(usize),
    /// A byte of the answer is another.
    Flip,
    /// A byte of what is sent is another.
    FlipSent,
    /// Nothing is ever answered.
    Silence,
    /// The object is replaced by so many bytes before the request is answered.
    Replace(usize),
    /// The answer is held back: the server did what was asked.
    Deaf,
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) if_match: bool,
}

/// A running server; its threads end with it.
pub(crate) struct Server {
    port: u16,
    root: Arc<TempDir>,
    seen: Arc<Mutex<Vec<Seen>>>,
    runtime: Runtime,
}

type Faults = dyn Fn(&Seen, usize) -> Option<Fault> + Send + Sync;

impl Server {
    /// With a bucket `data`. `faults` is told of each request and how many there were before of that method and path.
    pub(crate) fn start(faults: impl Fn(&Seen, usize) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let root = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir(root.path().join("data")).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(root.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let (service, seen) = (builder.build(), Arc::new(Mutex::new(Vec::new())));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let layer =
            Layer { service, seen: Arc::clone(&seen), faults: Arc::new(faults), root: Arc::clone(&root) };
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let layer = layer.clone();
                let answer = move |request| layer.clone().answer(request);
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(answer);
                    // A client that hangs up has what it wanted.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { port, root, seen, runtime }
    }

    /// One that does everything right.
    pub(crate) fn faultless() -> Self {
        Self::start(|_, _| None)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Puts an object into `data`, with its checksum, past the faults.
    pub(crate) fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let store = AmazonS3Builder::new()
            .with_endpoint(self.endpoint())
            .with_allow_http(true)
            .with_bucket_name("data")
            .with_access_key_id(KEY_ID)
            .with_secret_access_key(SECRET)
            .with_checksum_algorithm(Checksum::SHA256)
            .build()
            .unwrap();
        let key = Path::parse(key).unwrap();
        let _ = self.runtime.block_on(store.put(&key, bytes.into().into())).unwrap();
        self.seen.lock().unwrap().clear();
    }

    /// The objects of `data`.
    pub(crate) fn objects(&self) -> Vec<(String, Vec<u8>)> {
        let files = tree(&self.root.path().join("data")).into_iter();
        files.map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes)).collect()
    }

    /// Files of uploads that were begun and neither completed nor given up.
    pub(crate) fn begun_uploads(&self) -> Vec<String> {
        let files = tree(self.root.path()).into_keys().map(|path| path.to_string_lossy().into_owned());
        files.filter(|path| path.starts_with(".upload")).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The methods of the requests, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.method).collect()
    }

    /// Runs the host with the usual variables of this store.
    pub(crate) fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
        self.run_with(sandbox, arguments, &[])
    }

    /// The same with further variables; an empty one counts as not set.
    pub(crate) fn run_with(
        &self,
        sandbox: &Sandbox,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Outcome {
        let mut command = sandbox.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .env("PBUF_FETCH_ATTEMPTS", "3")
            .env("PBUF_FETCH_TIMEOUT_SECONDS", "20")
            .envs(variables.iter().copied());
        Outcome::of(&mut command)
    }
}

#[derive(Clone)]
struct Layer {
    service: S3Service,
    seen: Arc<Mutex<Vec<Seen>>>,
    faults: Arc<Faults>,
    root: Arc<TempDir>,
}

impl Layer {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<s3s::Body>, Infallible> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let seen = Seen {
            method: request.method().to_string(),
            path: request.uri().to_string(),
            range: header("range"),
            if_match: header("if-match").is_some(),
        };
        let earlier = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.iter().filter(|other| (&other.method, &other.path) == (&seen.method, &seen.path)).count() - 1
        };
        // First of all: a server that answers and ends before it has read everything may be taken for a lost connection.
        let (head, body) = request.into_parts();
        let mut sent = body.collect().await.unwrap().to_bytes().to_vec();
        let fault = (self.faults)(&seen, earlier);
        match fault {
            Some(Fault::Status(status)) => {
                let body = "<Error><Code>Spoilt</Code></Error>";
                let mut answer = Response::new(s3s::Body::from(body.to_owned()));
                *answer.status_mut() = StatusCode::from_u16(status).unwrap();
                return Ok(answer);
            }
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Replace(length)) => {
                let path =
                    self.root.path().join(seen.path.trim_start_matches('/').split('?').next().unwrap());
                #[expect(clippy::disallowed_methods, reason = "an object that somebody else writes")]
                std::fs::write(path, vec![b'x'; length]).unwrap();
                // What the server knew of the one before.
                for entry in std::fs::read_dir(self.root.path()).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_file() {
                        std::fs::remove_file(path).unwrap();
                    }
                }
            }
            _ => {}
        }
        // The server makes the buckets it does not have; S3 does not.
        let bucket = seen.path.split(['/', '?']).nth(1).unwrap();
        if !self.root.path().join(bucket).is_dir() {
            let mut answer =
                Response::new(s3s::Body::from("<Error><Code>NoSuchBucket</Code></Error>".to_owned()));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            return Ok(answer);
        }
        if fault == Some(Fault::FlipSent) {
            sent[0] ^= 1;
        }
        let request = Request::from_parts(head, s3s::Body::from(sent));
        let answer = self.service.call(request).await.unwrap();
        if fault == Some(Fault::Deaf) {
            std::future::pending::<()>().await;
        }
        let (head, body) = answer.into_parts();
        if !matches!(fault, Some(Fault::Cut(_) | Fault::Flip)) {
            return Ok(Response::from_parts(head, body));
        }
        let mut bytes = body.collect().await.unwrap().to_bytes().to_vec();
        let body = if let Some(Fault::Cut(length)) = fault {
            bytes.truncate(length);
            s3s::Body::http_body(Ending(Some(bytes.into())))
        } else {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            s3s::Body::http_body(Full::new(Bytes::from(bytes)))
        };
        Ok(Response::from_parts(head, body))
    }
}

/// Some bytes, then a failure.
struct Ending(Option<Bytes>);

impl Body for Ending {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(bytes) if !bytes.is_empty() => {
                self.0 = Some(Bytes::new());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            // Once round the loop, so that the bytes before are on their way.
            Some(_) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(Some(Err(std::io::Error::other("cut")))),
        }
    }
}
