package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"parallax/internal/lab/loopback"
)

// TestCapturePeerDynoxide captures from dynoxide 1.2.1, one process a region. Its sequence numbers are short, a write that
// changes nothing makes a MODIFY record, a page may be far larger than 1 MB, an empty page leads to itself, streams do not
// tell their keys and no replicas are named: the capture must not mind. One more thing it says is not so at the service, and
// a capture rightly stops at it, see truer; what the archive is compared with comes from dynoxide itself.
func TestCapturePeerDynoxide(t *testing.T) {
	binary := peerFile(t, "dynoxide", "@dynoxide", "linux-x64", "dynoxide")
	own, given := map[string]string{}, map[string]string{}
	for _, region := range []string{dublin, london} {
		own[region] = startPeer(t, func(port string) *exec.Cmd {
			return exec.CommandContext(t.Context(), binary, "serve", "--host", "127.0.0.1", "--port", port)
		})
		given[region] = truer(t, own[region])
	}
	capturePeer(t, own, given, true)
}

// truer is an endpoint before dynoxide that mends one thing it says: it gives an open shard an EndingSequenceNumber, which at
// the service only a closed one has, whose iterators come to an end. dynoxide closes no shard.
// Source: API reference of DynamoDB Streams, Shard and GetRecords.
func truer(t *testing.T, address string) string {
	t.Helper()
	behind, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) },
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode != http.StatusOK || !strings.HasSuffix(r.Request.Header.Get("X-Amz-Target"), ".DescribeStream") {
				return nil
			}
			return mend(r, openShards)
		},
	}
	given, stop, err := loopback.Serve(proxy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return given
}

// openShards takes the end from every shard of a stream's description.
func openShards(answer map[string]any) {
	stream, _ := answer["StreamDescription"].(map[string]any)
	shards, _ := stream["Shards"].([]any)
	for _, s := range shards {
		if shard, ok := s.(map[string]any); ok {
			if numbers, ok := shard["SequenceNumberRange"].(map[string]any); ok {
				delete(numbers, "EndingSequenceNumber")
			}
		}
	}
}

// mend changes an answer. Numbers keep their spelling.
func mend(r *http.Response, change func(map[string]any)) error {
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	var answer map[string]any
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("mend answer: %w", err)
	}
	_ = r.Body.Close() // read to its end
	change(answer)
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("mend answer: %w", err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Header.Get("X-Amz-Crc32") != "" {
		r.Header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	return nil
}
