//! A server that answers as badly as it is told to, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokenward::model::client::{Client, ClientAuth};
use tokenward::model::provider::Provider;
use tokenward::oauth::http::{Http, HttpSettings};
use tokenward::secret::ClientSecret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends these bytes and closes properly.
    Send(String),
    /// Sends these bytes, then nothing, and keeps the connection.
    Hang(String),
    /// Sends these bytes, then more and more without end.
    Flood(String),
}

/// A whole answer of that status with a JSON content type.
pub fn answer(status: u16, headers: &str, body: &str) -> Act {
    Act::Send(format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    ))
}

pub struct Rig {
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Rig {
    /// Answers every request by what `act` says to its whole text.
    pub async fn start(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, act) = (Arc::clone(&requests), Arc::new(act));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, act) = (Arc::clone(&kept), Arc::clone(&act));
                tokio::spawn(async move { serve(stream, &kept, &*act).await });
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    /// One that always does the same.
    pub async fn always(act: Act) -> Self {
        Self::start(move |_| act.clone()).await
    }

    /// The requests so far, whole.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A provider that lives here.
    pub fn provider(&self) -> Provider {
        let mut provider = Provider::unknown("rig", "Rig");
        provider.endpoints.token = Some(self.url("/token?tenant=secret-query"));
        provider.endpoints.device_authorization = Some(self.url("/device"));
        provider.endpoints.revocation = Some(self.url("/revoke"));
        provider.endpoints.authorization = Some(self.url("/authorize"));
        provider.endpoints.pushed_authorization_request = Some(self.url("/par"));
        provider
    }
}

async fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<String>>,
    act: &(dyn Fn(&str) -> Act + Send + Sync),
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    kept.lock().unwrap().push(request.clone());
    match act(&request) {
        Act::Send(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Act::Hang(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
        Act::Flood(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut portion = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")
                        .map(|n| n.trim().parse().unwrap())
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let count = stream.read(&mut portion).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&portion[..count]);
    }
}

pub fn http() -> Http {
    Http::new(HttpSettings {
        connect: Duration::from_millis(400),
        whole: Duration::from_millis(800),
        largest_body: 64 * 1024,
    })
}

pub fn public() -> Client {
    Client::new("me", None, ClientAuth::None)
}

pub fn confidential(auth: ClientAuth) -> Client {
    Client::new(
        "me",
        Some(ClientSecret::new("client-secret-marker".to_owned())),
        auth,
    )
}
