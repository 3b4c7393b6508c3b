// E0277: a context comes from a resolver or a job
fn main() {
    let _context: tenancy_core::TenantContext = "acme".parse().unwrap();
}
