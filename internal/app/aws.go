package app

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/logging"
	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// clients makes AWS clients for a region. Credentials come from the SDK's default chain: environment, profile, role.
type clients struct {
	cfg  *config.Config
	base aws.Config
}

func newClients(ctx context.Context, cfg *config.Config, log *zap.Logger) (*clients, error) {
	base, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRetryMaxAttempts(cfg.AWS.Retries), awsconfig.WithLogger(sdkLog(log)))
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return &clients{cfg: cfg, base: base}, nil
}

// sdkLog takes what the SDK has to say of itself, which would else stand raw on stderr. What matters of it comes as an error
// or a gap, so that all of it is for debugging.
func sdkLog(log *zap.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		log.Debug("aws sdk: " + fmt.Sprintf(format, v...))
	})
}

func (c *clients) in(region audit.Region) aws.Config {
	base := c.base.Copy()
	base.Region = string(region)
	return base
}

// answering is in, for services whose answers are small: each request is given up after aws.timeout, its body included. The
// SDK itself waits for an answer without end. Not for S3, whose files take their time and have a limit of their own.
func (c *clients) answering(region audit.Region) aws.Config {
	base := c.in(region)
	base.HTTPClient = awshttp.NewBuildableClient().WithTimeout(c.cfg.AWS.Timeout)
	return base
}

// endpoint is a configured address, or nil for the SDK's own.
func endpoint(url string) *string {
	if url == "" {
		return nil
	}
	return aws.String(url)
}

func (c *clients) dynamodb(region audit.Region) *dynamodb.Client {
	return dynamodb.NewFromConfig(c.answering(region), func(o *dynamodb.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].DynamoDB)
	})
}

func (c *clients) streams(region audit.Region) *dynamodbstreams.Client {
	return dynamodbstreams.NewFromConfig(c.answering(region), func(o *dynamodbstreams.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].DynamoDBStreams)
	})
}

func (c *clients) s3(region audit.Region) *s3.Client {
	return s3.NewFromConfig(c.in(region), func(o *s3.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].S3)
		o.UsePathStyle = c.cfg.AWS.S3PathStyle
		o.DisableLogOutputChecksumValidationSkipped = true // inventories carry checksums of their own, which are checked
	})
}

func (c *clients) kinesis(region audit.Region) *kinesis.Client {
	return kinesis.NewFromConfig(c.answering(region), func(o *kinesis.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].Kinesis)
	})
}

func (c *clients) rds(region audit.Region) *rds.Client {
	return rds.NewFromConfig(c.answering(region), func(o *rds.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].RDS)
	})
}

func (c *clients) cloudwatch(region audit.Region) *cloudwatch.Client {
	return cloudwatch.NewFromConfig(c.answering(region), func(o *cloudwatch.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].CloudWatch)
	})
}

func (c *clients) route53(region audit.Region) *route53.Client {
	return route53.NewFromConfig(c.answering(region), func(o *route53.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].Route53)
	})
}

// sqs waits for messages as long as a request asks it to, so its requests have limits of their own.
func (c *clients) sqs(region audit.Region) *sqs.Client {
	return sqs.NewFromConfig(c.in(region), func(o *sqs.Options) {
		o.BaseEndpoint = endpoint(c.cfg.AWS.Endpoints[region].SQS)
	})
}
