// E0277: what came over the wire is no context
fn main() {
    let _context: tenancy_core::TenantContext = serde_json::from_str("{}").unwrap();
}
