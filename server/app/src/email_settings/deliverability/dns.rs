//! Text records, asked for by name; nothing is connected to but the name server.

use std::time::Duration;

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::RData,
};
use tokio::time::timeout;

use crate::config::MailConfig;

const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);
const RECORD_CHARS_MAX: usize = 512;

/// DNS could not be asked.
pub(super) struct NoAnswer;

/// Asks the server that the operator has named, or else the system's.
pub(super) fn resolver(config: &MailConfig) -> Option<TokioResolver> {
    let builder = match config.name_server {
        Some(address) => {
            let mut udp = ConnectionConfig::udp();
            let mut tcp = ConnectionConfig::tcp();
            udp.port = address.port();
            tcp.port = address.port();
            let server = NameServerConfig::new(address.ip(), true, vec![udp, tcp]);
            let config = ResolverConfig::from_name_servers(vec![server]);
            Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
        }
        None => TokioResolver::builder_tokio(),
    };
    let resolver = builder.and_then(hickory_resolver::ResolverBuilder::build);
    resolver.inspect_err(|error| tracing::warn!(%error, "DNS cannot be asked")).ok()
}

/// The record of `host` that begins with `tag`, or else the first there is.
pub(super) async fn text_record(
    resolver: &TokioResolver,
    host: &str,
    tag: &str,
) -> Result<Option<String>, NoAnswer> {
    // With its dot at the end, no search domain is appended.
    let asked = timeout(LOOK_UP_TIMEOUT, resolver.txt_lookup(format!("{host}.")));
    let records = match asked.await {
        Ok(Ok(lookup)) => lookup.answers().iter().filter_map(|record| text(&record.data)).collect(),
        Ok(Err(error)) if is_absence(&error) => Vec::new(),
        Ok(Err(_)) | Err(_) => return Err(NoAnswer),
    };
    Ok(records.into_iter().find(|record: &String| {
        record.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
    }))
}

fn is_absence(error: &NetError) -> bool {
    error.is_no_records_found() || error.is_nx_domain()
}

fn text(data: &RData) -> Option<String> {
    let RData::TXT(record) = data else { return None };
    let bytes: Vec<u8> = record.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
    let text = String::from_utf8_lossy(&bytes);
    Some(text.chars().filter(|c| !c.is_control()).take(RECORD_CHARS_MAX).collect())
}
