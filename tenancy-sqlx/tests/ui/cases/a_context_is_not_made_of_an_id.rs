// E0308: an id is a name, not an authority
fn main() {
    let _context = tenancy_core::TenantContext::from(tenancy_core::TenantId::new());
}
