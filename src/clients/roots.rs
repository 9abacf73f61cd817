//! Whose signature under a server's certificate is believed: the system's authorities, or those in a file; and what a
//! server that speaks no TLS at all looks like.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::path::Path;
use std::sync::OnceLock;

/// The system's authorities, read once; none where the system has none.
pub fn system() -> &'static [CertificateDer<'static>] {
    static SYSTEM: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    SYSTEM.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

/// Certificates of those who may sign a server's; an error names the file that cannot be read.
pub fn roots(file: Option<&Path>, remedy: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(system().iter().cloned());
        let none = format!("this system has no root certificates: {remedy}");
        return if roots.is_empty() { Err(none) } else { Ok(roots) };
    };
    let unreadable = |why: &dyn std::fmt::Display| {
        format!("the root certificates in {} cannot be read: {why}", file.display())
    };
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if roots.is_empty() { Err(unreadable(&"it holds none")) } else { Ok(roots) }
}

/// Whether an error of a handshake says that the other side answered in plain text. The libraries between the handshake
/// and us keep nothing of it but its words.
pub fn is_plain_text(error: &str) -> bool {
    error.contains("InvalidContentType")
}
