#!/bin/sh
# Creates the platform's Temporal namespace and the search attributes that its workflows set. Safe to repeat.
set -eu
# Compose passes a setting that is not set as an empty one, which the command line would take for an empty certificate.
for name in $(env | sed -n 's/^\(TEMPORAL_[A-Z_]*\)=$/\1/p'); do unset "$name"; done
export TEMPORAL_ADDRESS TEMPORAL_NAMESPACE
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1; then
  # Longer than an order's life (dispatch, delivery, the return window), plus a month for operators to look.
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d
fi
# A new namespace is available everywhere within seconds.
tries=0
until known=$(temporal operator search-attribute list); do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || exit 1
  sleep 1
done
for name in OrderStatus CustomerId PaymentStatus FulfillmentStatus WaitsFor; do
  case "$known" in
    *"$name"*) ;;
    *) temporal operator search-attribute create --name "$name" --type Keyword ;;
  esac
done
