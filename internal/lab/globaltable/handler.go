package globaltable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"

	"parallax/internal/lab/loopback"
)

// The two services of one endpoint, as X-Amz-Target names them.
const (
	tableTarget  = "DynamoDB_20120810."
	streamTarget = "DynamoDBStreams_20120810."
)

// bodyLimit is far above what the service takes in one request (400 KB an item).
const bodyLimit = 4 << 20

// operation answers one decoded request in a region. It runs with the lock held.
type operation func(c *Cluster, r *replica, body []byte) (any, error)

var operations = map[string]operation{
	tableTarget + "DescribeTable":      decoded((*Cluster).describeTable),
	tableTarget + "DescribeTimeToLive": decoded((*Cluster).describeTimeToLive),
	tableTarget + "ListTables":         decoded((*Cluster).listTables),
	tableTarget + "GetItem":            decoded((*Cluster).getItem),
	tableTarget + "PutItem":            decoded((*Cluster).putItem),
	tableTarget + "UpdateItem":         decoded((*Cluster).updateItem),
	tableTarget + "DeleteItem":         decoded((*Cluster).deleteItem),
	tableTarget + "Scan":               decoded((*Cluster).scan),
	streamTarget + "ListStreams":       decoded((*Cluster).listStreams),
	streamTarget + "DescribeStream":    decoded((*Cluster).describeStream),
	streamTarget + "GetShardIterator":  decoded((*Cluster).getShardIterator),
	streamTarget + "GetRecords":        decoded((*Cluster).getRecords),
}

// decoded makes an operation of a method with a typed request. A field the method does not know is refused: a stand-in
// that ignored it would answer another question than the one asked.
func decoded[In any](answer func(*Cluster, *replica, In) (any, error)) operation {
	return func(c *Cluster, r *replica, body []byte) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			if strings.HasPrefix(err.Error(), "json: unknown field") {
				return nil, validation("not supported: %v", err)
			}
			return nil, serialization("%v", err)
		}
		return answer(c, r, in)
	}
}

// Handler answers the requests of one region, with DynamoDB_20120810 and DynamoDBStreams_20120810 in JSON 1.0.
func (c *Cluster) Handler(region string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		if err != nil {
			c.send(w, serialization("read request: %v", err), Fault{})
			return
		}
		target := r.Header.Get("X-Amz-Target")
		fault := c.decide(region, target, r, body)
		if !loopback.Delay(r, fault.Delay) {
			return
		}
		if failed := fault.failure(); failed != nil {
			c.send(w, failed, fault)
			return
		}
		c.send(w, c.answer(region, target, r, body), fault)
	})
}

// answer is what to send: a *failure, or the value of a good answer.
func (c *Cluster) answer(region, target string, r *http.Request, body []byte) any {
	if refused := authenticate(r, region); refused != nil {
		return refused
	}
	run, ok := operations[target]
	if !ok {
		return &failure{http.StatusBadRequest, "com.amazon.coral.service#UnknownOperationException", ""}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	replica, err := c.replica(region)
	if err != nil {
		return notFound("Requested resource not found")
	}
	out, err := run(c, replica, body)
	if err != nil {
		return asFailure(err)
	}
	return out
}

// send writes an answer with its checksum, as the service does, or spoils it as the fault asks.
func (c *Cluster) send(w http.ResponseWriter, out any, fault Fault) {
	status := http.StatusOK
	if failed, ok := out.(*failure); ok {
		status, out = failed.status, failed.body()
	}
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "encode answer", http.StatusInternalServerError)
		return
	}
	sum := crc32.ChecksumIEEE(body)
	if fault.BadCRC {
		sum++
	}
	header := w.Header()
	header.Set("Content-Type", "application/x-amz-json-1.0")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(sum), 10))
	header.Set("X-Amzn-RequestId", c.requestID())
	header.Set("Date", c.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	if fault.Cut {
		_, _ = w.Write(body[:len(body)/2]) // the client is to see a broken answer in any case
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the way net/http offers to drop a connection in the middle of an answer
	}
	_, _ = w.Write(body) // a client that has gone is no concern of the server
}

func (c *Cluster) requestID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	return strings.ToUpper(fmt.Sprintf("%016x%016x", mix(c.options.Seed, c.requests), mix(c.options.Seed+1, c.requests)))
}

// authenticate refuses what the service would refuse before looking at the request: no signature, or one for another
// region. The signature itself is not checked.
func authenticate(r *http.Request, region string) *failure {
	signed := r.Header.Get("Authorization")
	switch {
	case signed == "":
		return &failure{http.StatusBadRequest, "com.amazon.coral.service#MissingAuthenticationTokenException", "Request is missing Authentication Token"}
	case !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 ") || !strings.Contains(signed, "Signature="):
		return &failure{http.StatusBadRequest, "com.amazon.coral.service#IncompleteSignatureException", "the Authorization header is not one of Signature Version 4"}
	case !strings.Contains(signed, "/"+region+"/dynamodb/aws4_request"):
		return &failure{http.StatusBadRequest, "com.amazon.coral.service#InvalidSignatureException", "Credential should be scoped to a valid region."}
	}
	return nil
}

// Serve opens the endpoint of one region on a free port of 127.0.0.1; stop closes it and its connections.
func (c *Cluster) Serve(region string) (url string, stop func(), err error) {
	if _, err := c.replica(region); err != nil {
		return "", nil, fmt.Errorf("serve dynamodb: %w", err)
	}
	url, stop, err = loopback.Serve(c.Handler(region))
	if err != nil {
		return "", nil, fmt.Errorf("serve dynamodb in %s: %w", region, err)
	}
	return url, stop, nil
}

// asFailure turns the error of an operation into an answer.
func asFailure(err error) *failure {
	var failed *failure
	switch {
	case errors.As(err, &failed):
		return failed
	case errors.Is(err, ErrCondition):
		return &failure{http.StatusBadRequest, tableNamespace + "ConditionalCheckFailedException", "The conditional request failed"}
	case errors.Is(err, errInvalid):
		return validation("%s", err.Error())
	}
	return &failure{http.StatusInternalServerError, tableNamespace + "InternalServerError", err.Error()}
}
