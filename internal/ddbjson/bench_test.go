package ddbjson_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/schemas"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"parallax/internal/ddbjson"
)

// page is a realistic answer: modifications of payment commands, two images of nine attributes each, no two pages of
// attributes in one order, as the service promises none.
func page(records int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"NextShardIterator":"arn:aws:dynamodb:eu-west-1:111122223333:table/idempotency-keys/stream/2026-11-18T13:55:00.000|1|AAAAAAAAAAE","Records":[`)
	image := func(n, version int) string {
		attrs := []string{
			fmt.Sprintf(`"pk":{"S":"order-%08d-a"}`, n), fmt.Sprintf(`"payment_id":{"S":"pay_01J%020dF2"}`, n),
			fmt.Sprintf(`"amount_minor":{"N":"%d"}`, 100+n*37%90_000), `"currency":{"S":"EUR"}`,
			fmt.Sprintf(`"status":{"S":"%s"}`, []string{"authorized", "captured"}[version%2]),
			fmt.Sprintf(`"write_id":{"S":"6f1c2a4e-9d3b-4c55-8e21-%010d%02d"}`, n, version), `"origin":{"S":"eu-west-1"}`,
			fmt.Sprintf(`"version":{"N":"%d"}`, version), fmt.Sprintf(`"updated_at":{"S":"2026-11-18T14:07:%02d.%03dZ"}`, n%60, n%1000),
		}
		turned := make([]string, len(attrs))
		for i := range attrs {
			turned[i] = attrs[(i*4+n)%len(attrs)]
		}
		return "{" + strings.Join(turned, ",") + "}"
	}
	for n := range records {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":1.%09dE9,"Keys":{"pk":{"S":"order-%08d-a"}},"NewImage":%s,"OldImage":%s,`+
			`"SequenceNumber":"1%020d","SizeBytes":612,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventID":"%032x","eventName":"MODIFY","eventSource":"aws:dynamodb","eventVersion":"1.1"}`,
			795_010_000+n, n, image(n, n+1), image(n, n), n, n)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// sdk decodes a body with the client's own decoder.
func sdk(body []byte) (*dynamodbstreams.GetRecordsOutput, error) {
	var out dynamodbstreams.GetRecordsOutput
	operation := smithy.NewOperationSchema(schemas.GetRecords, schemas.GetRecordsInput, schemas.GetRecordsOutput)
	response := &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}}
	err := awsjson.New10(schemas.DynamoDBStreams_20120810).DeserializeResponse(context.Background(), operation, dynamodbstreams.TypeRegistry, response, &out)
	return &out, err
}

const pageRecords = 1000

func BenchmarkScan(b *testing.B) {
	body, keys := page(pageRecords), []string{"pk"}
	var s ddbjson.Scanner
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := s.Records(body, keys)
		if err != nil || len(p.Changes) != pageRecords || len(p.Faults) > 0 {
			b.Fatal(len(p.Changes), p.Faults, err)
		}
	}
	perRecord(b)
}

func BenchmarkSDK(b *testing.B) {
	body := page(pageRecords)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		out, err := sdk(body)
		if err != nil || len(out.Records) != pageRecords {
			b.Fatal(len(out.Records), err)
		}
	}
	perRecord(b)
}

// BenchmarkSDKCanonical is the client's decoder and then the plain way to what the scanner yields.
func BenchmarkSDKCanonical(b *testing.B) {
	body, keys := page(pageRecords), []string{"pk"}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		out, err := sdk(body)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range out.Records {
			if _, err := decode(r, keys); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b)
}

func perRecord(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pageRecords, "ns/record")
}
