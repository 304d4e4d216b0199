// Package repair writes files that people approve and run to mend what the findings tell of: SQL for the ledger, conditional
// writes for DynamoDB, manifests for S3 Batch Operations, refunds for finance. It executes none of them and asks nothing.
//
// Every change is guarded by the value that the audit saw: where that no longer stands, the file changes nothing and says so.
// Every file says until when it may be used, and refuses to work afterwards where its format lets it.
package repair
