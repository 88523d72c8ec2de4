//! The language server: what editors ask about graphs, through standard input and output.
//!
//! It does one thing after another. A text is analysed when something is asked about it, or when
//! nothing else waits to be done, so that fast typing does not queue up work. What is wrong with a
//! text is published after every change.

mod analysis;
mod completion;
mod hover;
mod imports;
mod lookup;
mod position;
mod transport;

use crate::{COMPILER, Failure};
use analysis::{Analysis, whole};
use imports::OpenTexts;
use lgc_ir::diag::Code;
use lgc_ir::lang;
use lookup::Subject;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{Completion, Formatting, GotoDefinition, HoverRequest, Request as _};
use lsp_types::{
    CompletionOptions, CompletionResponse, GotoDefinitionResponse, Hover, HoverContents,
    HoverProviderCapability, InitializeParams, InitializeResult, Location, MarkupContent,
    MarkupKind, OneOf, PublishDiagnosticsParams, ServerCapabilities, ServerInfo,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, TextEdit, Uri,
};
use position::Encoding;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

/// Serves one client until it says that it is done.
///
/// # Errors
/// If the client does not keep to the protocol, or leaves without a word.
pub(crate) fn serve(allowed: &[PathBuf]) -> Result<(), Failure> {
    let (connection, threads) = transport::open().map_err(|error| {
        let message = format!("cannot start the threads that read and write: {error}");
        Failure::message(Code::BadClient, message)
    })?;
    let outcome = converse(&connection, allowed);
    // The threads end with the connection.
    drop(connection);
    let closed = threads.join().map_err(protocol);
    // Why nothing comes any more says more than that nothing comes.
    closed.and(outcome)
}

fn protocol(error: impl std::fmt::Display) -> Failure {
    let message = format!("the editor does not keep to the language server protocol: {error}");
    Failure::message(Code::BadClient, message)
}

fn converse(connection: &Connection, allowed: &[PathBuf]) -> Result<(), Failure> {
    let (id, params) = connection.initialize_start().map_err(protocol)?;
    let params: InitializeParams = serde_json::from_value(params).map_err(protocol)?;
    let general = params.capabilities.general.as_ref();
    let offered = general.and_then(|general| general.position_encodings.as_deref());
    let encoding = Encoding::choose(offered);
    let allowed = allowed.iter().cloned().chain(folders(&params)).collect();
    let result = serde_json::to_value(greeting(encoding)).map_err(protocol)?;
    connection.initialize_finish(id, result).map_err(protocol)?;
    let mut server = Server {
        connection,
        encoding,
        documents: BTreeMap::new(),
        texts: Rc::new(OpenTexts::below(allowed)),
    };
    server.work()
}

/// The folders that the client has open: below them, graphs may use and load files.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    #[allow(
        deprecated,
        reason = "clients that know no workspace folders say it so"
    )]
    let root = params.root_uri.as_ref();
    let addresses: Vec<&Uri> = match &params.workspace_folders {
        Some(folders) => folders.iter().map(|folder| &folder.uri).collect(),
        None => root.into_iter().collect(),
    };
    let paths = addresses.into_iter().map(|uri| imports::path(uri.as_str()));
    paths.flatten().map(PathBuf::from).collect()
}

/// What this server can do.
fn greeting(encoding: Encoding) -> InitializeResult {
    let sync = TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL);
    let completion = CompletionOptions {
        trigger_characters: Some(vec![".".to_owned()]),
        ..CompletionOptions::default()
    };
    InitializeResult {
        capabilities: ServerCapabilities {
            position_encoding: Some(encoding.kind()),
            text_document_sync: Some(sync),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            definition_provider: Some(OneOf::Left(true)),
            completion_provider: Some(completion),
            document_formatting_provider: Some(OneOf::Left(true)),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo {
            name: "lgc".to_owned(),
            version: COMPILER
                .split_once(' ')
                .map(|(_, version)| version.to_owned()),
        }),
    }
}

/// An open text.
struct Document {
    text: String,
    version: i32,
    /// What is known of this version, if it was asked for.
    analysis: Option<Analysis>,
    /// Whether what is wrong with this version was published.
    published: bool,
}

struct Server<'a> {
    connection: &'a Connection,
    encoding: Encoding,
    documents: BTreeMap<Uri, Document>,
    texts: Rc<OpenTexts>,
}

impl Server<'_> {
    /// Answers until the client shuts the server down.
    fn work(&mut self) -> Result<(), Failure> {
        loop {
            if self.connection.receiver.is_empty() {
                self.publish_all()?;
            }
            let message = self.connection.receiver.recv().map_err(protocol)?;
            match message {
                Message::Request(request) => {
                    if self
                        .connection
                        .handle_shutdown(&request)
                        .map_err(protocol)?
                    {
                        return Ok(());
                    }
                    let response = self.answer(request);
                    self.send(Message::Response(response))?;
                }
                Message::Notification(notification) => self.note(notification)?,
                // Nothing is asked of the client, so nothing is answered.
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: Message) -> Result<(), Failure> {
        self.connection.sender.send(message).map_err(protocol)
    }

    /// Takes a notification; those that are unknown may be ignored.
    fn note(&mut self, notification: Notification) -> Result<(), Failure> {
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let params = parameters::<DidOpenTextDocument>(notification)?;
                let document = params.text_document;
                self.set(document.uri, document.text, document.version);
            }
            DidChangeTextDocument::METHOD => {
                let mut params = parameters::<DidChangeTextDocument>(notification)?;
                // Each change is the whole text; the last one counts.
                if let Some(change) = params.content_changes.pop() {
                    let document = params.text_document;
                    self.set(document.uri, change.text, document.version);
                }
            }
            DidCloseTextDocument::METHOD => {
                let uri = parameters::<DidCloseTextDocument>(notification)?
                    .text_document
                    .uri;
                self.documents.remove(&uri);
                Rc::make_mut(&mut self.texts).remove(uri.as_str());
                self.forget_users_of(&uri);
                self.publish(uri, Vec::new(), None)?;
            }
            "exit" => return Err(protocol("`exit` before `shutdown`")),
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, uri: Uri, text: String, version: i32) {
        Rc::make_mut(&mut self.texts).set(uri.as_str(), &text);
        self.forget_users_of(&uri);
        let document = Document {
            text,
            version,
            analysis: None,
            published: false,
        };
        self.documents.insert(uri, document);
    }

    /// What was known of the texts that use one that has changed is known no more.
    fn forget_users_of(&mut self, uri: &Uri) {
        let Ok(path) = imports::path(uri.as_str()) else {
            return;
        };
        for document in self.documents.values_mut() {
            let uses = |found: &Analysis| found.uses.contains(&path);
            if document.analysis.as_ref().is_some_and(uses) {
                document.analysis = None;
                document.published = false;
            }
        }
    }

    /// Publishes what is wrong with the texts that have changed.
    fn publish_all(&mut self) -> Result<(), Failure> {
        let changed = self
            .documents
            .iter()
            .filter(|(_, document)| !document.published);
        let changed: Vec<Uri> = changed.map(|(uri, _)| uri.clone()).collect();
        for uri in changed {
            let encoding = self.encoding;
            let diagnostics = self
                .analysis(&uri)
                .map(|found| found.diagnostics(&uri, encoding));
            let version = self.documents.get_mut(&uri).map(|document| {
                document.published = true;
                document.version
            });
            self.publish(uri, diagnostics.unwrap_or_default(), version)?;
        }
        Ok(())
    }

    fn publish(
        &self,
        uri: Uri,
        diagnostics: Vec<lsp_types::Diagnostic>,
        version: Option<i32>,
    ) -> Result<(), Failure> {
        let params = PublishDiagnosticsParams::new(uri, diagnostics, version);
        let method = PublishDiagnostics::METHOD.to_owned();
        self.send(Message::Notification(Notification::new(method, params)))
    }

    /// What is known of an open text.
    fn analysis(&mut self, uri: &Uri) -> Option<&Analysis> {
        let document = self.documents.get_mut(uri)?;
        if document.analysis.is_none() {
            document.analysis = Analysis::new(uri.as_str(), &document.text, &self.texts).ok();
        }
        document.analysis.as_ref()
    }

    /// The text that a place is in, and the offset of the place.
    fn place(&mut self, at: &TextDocumentPositionParams) -> Option<(&Analysis, usize)> {
        let encoding = self.encoding;
        let analysis = self.analysis(&at.text_document.uri)?;
        let offset = encoding.offset(analysis.text(), at.position);
        Some((analysis, offset))
    }

    fn answer(&mut self, request: Request) -> Response {
        match request.method.as_str() {
            HoverRequest::METHOD => respond(request, |params: lsp_types::HoverParams| {
                self.hover(&params.text_document_position_params)
            }),
            GotoDefinition::METHOD => {
                respond(request, |params: lsp_types::GotoDefinitionParams| {
                    self.definition(&params.text_document_position_params)
                })
            }
            Completion::METHOD => respond(request, |params: lsp_types::CompletionParams| {
                let (analysis, offset) = self.place(&params.text_document_position)?;
                let offered = completion::complete(analysis, offset);
                Some(CompletionResponse::Array(offered))
            }),
            Formatting::METHOD => {
                respond(request, |params: lsp_types::DocumentFormattingParams| {
                    self.format(&params.text_document.uri)
                })
            }
            method => {
                let message = format!("there is no method `{method}`");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }

    fn hover(&mut self, at: &TextDocumentPositionParams) -> Option<Hover> {
        let encoding = self.encoding;
        let (analysis, offset) = self.place(at)?;
        let (value, place) = hover::hover(analysis, offset)?;
        let content = MarkupContent {
            kind: MarkupKind::Markdown,
            value,
        };
        Some(Hover {
            contents: HoverContents::Markup(content),
            range: Some(encoding.range(&analysis.sources, place)),
        })
    }

    fn definition(&mut self, at: &TextDocumentPositionParams) -> Option<GotoDefinitionResponse> {
        let (encoding, uri) = (self.encoding, at.text_document.uri.clone());
        let (analysis, offset) = self.place(at)?;
        let place = match analysis.subject(offset)?.0 {
            Subject::Item(item) => item.name().span,
            Subject::Local(local) => local.place,
            Subject::Field { declaration, .. } => declaration,
            Subject::Op(_)
            | Subject::Attribute(..)
            | Subject::Builtin(_)
            | Subject::DType(_)
            | Subject::Keyword(..) => return None,
        };
        let range = encoding.range(&analysis.sources, place);
        let uri = if place.file == analysis.file {
            uri
        } else {
            let name = analysis.sources.file(place.file)?.name();
            imports::address_of(name)?.parse().ok()?
        };
        Some(GotoDefinitionResponse::Scalar(Location::new(uri, range)))
    }

    /// The canonical form as an edit of the whole text; none for a text that cannot be read.
    fn format(&mut self, uri: &Uri) -> Option<Vec<TextEdit>> {
        let encoding = self.encoding;
        let analysis = self.analysis(uri).filter(|analysis| analysis.parses)?;
        let canonical = lang::print(&analysis.own());
        if canonical == analysis.text() {
            return Some(Vec::new());
        }
        Some(vec![TextEdit::new(
            whole(analysis.text(), encoding),
            canonical,
        )])
    }
}

/// The parameters of a notification.
fn parameters<N: lsp_types::notification::Notification>(
    notification: Notification,
) -> Result<N::Params, Failure> {
    serde_json::from_value(notification.params).map_err(protocol)
}

/// The response to a request whose parameters can be read; the result may be nothing.
fn respond<P: DeserializeOwned, R: Serialize>(
    request: Request,
    answer: impl FnOnce(P) -> Option<R>,
) -> Response {
    let id: RequestId = request.id;
    match serde_json::from_value(request.params) {
        Ok(params) => Response::new_ok(id, answer(params)),
        Err(error) => Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string()),
    }
}
