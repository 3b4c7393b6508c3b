// E0308: a resolver's answer makes a context, a name does not
fn main() {
    let _context = tenancy_core::TenantContext::for_request("acme");
}
