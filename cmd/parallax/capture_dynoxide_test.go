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
	"sync/atomic"
	"testing"

	"parallax/internal/lab/loopback"
)

// TestCapturePeerDynoxide captures from dynoxide 1.2.1, one process a region. Its sequence numbers are short, a write that
// changes nothing makes a MODIFY record, a page may be far larger than 1 MB, and no replicas are named: the capture must not
// mind. Three more things it says are not so at the service, and a capture rightly stops at each. The endpoint that the
// capture is given says them as the service does (see truer); what the archive is compared with comes from dynoxide itself.
func TestCapturePeerDynoxide(t *testing.T) {
	binary := peerFile(t, "dynoxide", "@dynoxide", "linux-x64", "dynoxide")
	own, given := map[string]string{}, map[string]string{}
	for _, region := range []string{dublin, london} {
		own[region] = startPeer(t, func(port string) *exec.Cmd {
			return exec.CommandContext(t.Context(), binary, "serve", "--host", "127.0.0.1", "--port", port)
		})
		given[region] = truer(t, own[region], describeTruly)
	}
	capturePeer(t, own, given, true)
}

// truer is an endpoint before a server of other people's that mends what it says otherwise than the service, and nothing
// else:
//
//   - dynoxide and DynamoDB Local give an empty page the iterator that was asked as its next, where the service gives a new
//     one each time: a capture takes the former for an answer that goes round in a circle, and reports a gap;
//   - dynoxide gives an open shard an EndingSequenceNumber, which at the service only a closed one has, whose iterators come
//     to an end;
//   - dynoxide's DescribeStream does not tell the keys of the table.
//
// The last two are for describe to mend; nil leaves descriptions alone.
// Source: API reference of DynamoDB Streams, GetRecords, Shard, StreamDescription.
func truer(t *testing.T, address string, describe func(map[string]any)) string {
	t.Helper()
	behind, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var pages atomic.Int64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			if strings.HasSuffix(r.In.Header.Get("X-Amz-Target"), ".GetRecords") {
				r.Out.Body, r.Out.ContentLength = plainIterator(t, r.In.Body)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			_, operation, _ := strings.Cut(r.Request.Header.Get("X-Amz-Target"), ".")
			switch {
			case r.StatusCode != http.StatusOK:
			case operation == "GetRecords":
				return mend(r, func(answer map[string]any) {
					if next, ok := answer["NextShardIterator"].(string); ok {
						answer["NextShardIterator"] = fmt.Sprintf("%d %s", pages.Add(1), next)
					}
				})
			case operation == "DescribeStream" && describe != nil:
				return mend(r, describe)
			}
			return nil
		},
	}
	given, stop, err := loopback.Serve(proxy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return given
}

// plainIterator is a request for records with the iterator as dynoxide gave it.
func plainIterator(t *testing.T, body io.Reader) (io.ReadCloser, int64) {
	var in map[string]any
	if err := json.NewDecoder(body).Decode(&in); err != nil {
		t.Errorf("request for records: %v", err)
	}
	if iterator, ok := in["ShardIterator"].(string); ok {
		if _, own, counted := strings.Cut(iterator, " "); counted {
			in["ShardIterator"] = own
		}
	}
	out, err := json.Marshal(in)
	if err != nil {
		t.Errorf("request for records: %v", err)
	}
	return io.NopCloser(bytes.NewReader(out)), int64(len(out))
}

// describeTruly mends dynoxide's description of a stream. All shards are open: dynoxide closes none.
func describeTruly(answer map[string]any) {
	stream, ok := answer["StreamDescription"].(map[string]any)
	if !ok {
		return
	}
	keys := []any{}
	for _, table := range peerTables() {
		if table.name != stream["TableName"] {
			continue
		}
		for i, name := range table.keys {
			keys = append(keys, map[string]any{"AttributeName": name, "KeyType": []string{"HASH", "RANGE"}[i]})
		}
	}
	stream["KeySchema"] = keys
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
