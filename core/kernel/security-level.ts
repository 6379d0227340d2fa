/** How far a node is checked before a tenant's secrets reach it; see `docs/GLOSSARY.md`. */
export type SecurityLevel = 'none' | 'attested' | 'full';
