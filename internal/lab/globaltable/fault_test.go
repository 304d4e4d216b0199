package globaltable_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parallax/internal/lab/globaltable"
)

// Every fault reaches the client as the error it stands for; without it the next call is good again.
func TestFaults(t *testing.T) {
	c := globaltable.New(options(1))
	must(t, c.Put(dublin, start, item("order-1", "a"), globaltable.Condition{}))
	client := serve(t, c, dublin)
	get := func() error {
		_, err := client.table.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(table), Key: stringItem("pk", "order-1")})
		return err
	}
	for want, fault := range map[string]globaltable.Fault{
		"InternalServerError":      {Status: 500},
		"ServiceUnavailable":       {Status: 503, Type: "ServiceUnavailable"},
		"ThrottlingException":      {Type: "ThrottlingException", Message: "Rate exceeded"},
		"AccessDeniedException":    {Type: "AccessDeniedException", Message: "not authorized to perform dynamodb:GetItem"},
		"ExpiredIteratorException": {Type: "ExpiredIteratorException"},
		"not an API error":         {Cut: true},
	} {
		c.Fault(func(region, op string, r *http.Request) *globaltable.Fault {
			body, err := io.ReadAll(r.Body)
			if err != nil || region != dublin || op != "GetItem" || !bytes.Contains(body, []byte("order-1")) {
				t.Errorf("the hook sees %s %s %s (%v)", region, op, body, err)
			}
			return &fault
		})
		err := get()
		if got := code(err); got != want && !(err != nil && strings.Contains(got, want)) {
			t.Errorf("%+v: the client sees %v, want %s", fault, err, want)
		}
	}
	c.Fault(func(string, string, *http.Request) *globaltable.Fault { return nil })
	must(t, get())
	c.Fault(nil)
	must(t, get())
}

// A cut answer to a write is a write done all the same.
func TestCutAnswerOfAWrite(t *testing.T) {
	c := globaltable.New(options(1))
	client := serve(t, c, dublin)
	c.Fault(func(string, string, *http.Request) *globaltable.Fault { return &globaltable.Fault{Cut: true} })
	_, err := client.table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: stringItem("pk", "order-1")})
	if err == nil {
		t.Error("the client saw no error")
	}
	if _, ok := c.Get(dublin, "order-1"); !ok {
		t.Error("the write was not done")
	}
}

// The checksum in the header is that of the body, unless a fault spoils it. The SDK only logs a wrong one.
func TestChecksum(t *testing.T) {
	c := globaltable.New(options(1))
	url, stop, err := c.Serve(dublin)
	must(t, err)
	t.Cleanup(stop)
	for _, bad := range []bool{false, true} {
		c.Fault(func(string, string, *http.Request) *globaltable.Fault { return &globaltable.Fault{BadCRC: bad} })
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
		must(t, err)
		request.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261118/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
		answer, err := http.DefaultClient.Do(request)
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		must(t, errors.Join(err, answer.Body.Close()))
		sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)
		if fits := answer.Header.Get("X-Amz-Crc32") == sum; fits == bad || answer.StatusCode != http.StatusOK {
			t.Errorf("bad %t: checksum %s, body %s has %s", bad, answer.Header.Get("X-Amz-Crc32"), body, sum)
		}
	}
}
