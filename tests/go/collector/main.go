// Command collector is the OTLP receiver of the OpenTelemetry Collector, and nothing else of it: it takes traces
// over HTTP at ADDRESS, and appends them to FILE as OTLP JSON, one request on a line. With CERTIFICATE and KEY,
// which are PEM files, it takes them over HTTPS.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: collector ADDRESS FILE [CERTIFICATE KEY]")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, path string, pair []string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	traces, err := consumer.NewTraces(appendTo(file))
	if err != nil {
		return err
	}

	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	http := map[string]any{"endpoint": address}
	if len(pair) == 2 {
		http["tls"] = map[string]any{"cert_file": pair[0], "key_file": pair[1]}
	}
	protocols := map[string]any{"protocols": map[string]any{"http": http}}
	if err := confmap.NewFromStringMap(protocols).Unmarshal(config); err != nil {
		return err
	}
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}
	otlp, err := factory.CreateTraces(context.Background(), settings, config, traces)
	if err != nil {
		return err
	}
	if err := otlp.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	return otlp.Shutdown(context.Background())
}

func appendTo(file *os.File) consumer.ConsumeTracesFunc {
	var lock sync.Mutex
	return func(_ context.Context, traces ptrace.Traces) error {
		text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
		if err != nil {
			return err
		}
		lock.Lock()
		defer lock.Unlock()
		_, err = file.Write(append(text, '\n'))
		return err
	}
}
